"""Addresses as a person mentions them: by the name of the site, never letter by letter."""

import re

from bot.text.expressions import sub_apart

_MASKED = re.compile(
    r"!?\[([^\[\]\n]{1,300})\]\(<?(?:https?|discord)://[^\s()<>]{1,1000}[^()\n]{0,100}\)"
)
_URL = re.compile(r"<?(?:https?|steam|discord|ftp)://([^\s<>|]*)>?", re.IGNORECASE)
# Endings that are no English word: "ok.no" is two sentences.
ENDINGS = "com|net|org|io|gg|tv|dev|app|co|uk|de|fr|eu|ca|au|jp|nl|se|xyz|edu|gov|wiki|ly|gl|fm|ai"
_BARE = re.compile(
    rf"(?<![\w@.:/-])((?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,4}}(?:{ENDINGS}))(?![\w.-]*\w)"
    r"((?:[/?#][^\s<>|]*)?)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?<![\w.+-])(?:mailto:)?([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,4})")
_LOCAL = re.compile(r"\b(localhost|(?:\d{1,3}\.){3}\d{1,3}):(\d{2,5})\b")
_CLOSING = ".,!?;:'\")]*_~`"
_SITES = {
    "youtube.com": "YouTube link",
    "youtu.be": "YouTube link",
    "twitter.com": "Twitter link",
    "x.com": "X link",
    "vxtwitter.com": "Twitter link",
    "fxtwitter.com": "Twitter link",
    "bsky.app": "Bluesky link",
    "tenor.com": "GIF",
    "giphy.com": "GIF",
    "klipy.com": "GIF",
    "discord.gg": "Discord invite",
    "discord.com": "Discord link",
    "discord.new": "Discord link",
    "discordapp.com": "Discord link",
    "discordapp.net": "Discord link",
    "github.com": "GitHub link",
    "github.io": "GitHub link",
    "gitlab.com": "GitLab link",
    "reddit.com": "Reddit link",
    "redd.it": "Reddit link",
    "twitch.tv": "Twitch link",
    "spotify.com": "Spotify link",
    "soundcloud.com": "SoundCloud link",
    "wikipedia.org": "Wikipedia link",
    "steampowered.com": "Steam link",
    "steamcommunity.com": "Steam link",
    "imgur.com": "Imgur link",
    "tiktok.com": "TikTok link",
    "instagram.com": "Instagram link",
    "facebook.com": "Facebook link",
    "google.com": "Google link",
    "amazon.com": "Amazon link",
    "stackoverflow.com": "Stack Overflow link",
    "netflix.com": "Netflix link",
    "pypi.org": "Pie P I link",
}
_SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu"}
_IMAGE = re.compile(r"\.(?:png|jpe?g|gif|webp)(?:[?#]|$)", re.IGNORECASE)
_VIDEO = re.compile(r"\.(?:mp4|mov|webm)(?:[?#]|$)", re.IGNORECASE)
_IP_ADDRESS = re.compile(r"((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?(?=[/?#]|$)", re.ASCII)
_HOST = re.compile(r"(?:[^/@?#]*@)?([^/?#:]*)")


def links(text: str) -> str:
    """``[label](url)`` -> label, ``youtu.be/x`` -> YouTube link, ``a@b.c`` -> a at b dot c."""
    text = _MASKED.sub(lambda m: m[1], text)
    text = sub_apart(_URL, _url, text)
    text = _MAIL.sub(lambda m: f"{m[1]} at {m[2]}".replace(".", " dot "), text)
    text = _LOCAL.sub(r"\1 port \2", text)
    return sub_apart(_BARE, _bare, text)


def _url(match: re.Match[str]) -> str:
    rest = match[1]
    address = rest.rstrip(_CLOSING)
    after = rest[len(address) :]
    if address.count("(") > address.count(")") and after.startswith(")"):
        after = after[1:]
    host = _HOST.match(address)
    return f"{_site(host[1], address)}{after}" if host and host[1] else after


def _bare(match: re.Match[str]) -> str:
    host, path = match[1], match[2]
    if path.rstrip(_CLOSING).strip("/"):
        address = path.rstrip(_CLOSING)
        return f"{_site(host, address)}{path[len(address) :]}"
    return host.removeprefix("www.").replace(".", " dot ") + path.strip("/")


def _site(host: str, address: str) -> str:
    host = host.lower().rstrip(".")
    if numeric := _IP_ADDRESS.match(address):
        port = f" port {numeric[2]}" if numeric[2] else ""
        return numeric[1] + (" link" if address[numeric.end() :].strip("/") else port)
    labels = host.split(".")
    if host == "localhost":
        return "localhost link"
    if not host.isascii() or len(labels) < 2 or labels[-1].isdigit() or host.startswith("["):
        return "link"
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    domain = ".".join(labels[-size:])
    if _IMAGE.search(address):
        return "image link"
    if _VIDEO.search(address):
        return "video link"
    if domain in {"discord.com", "discordapp.com"}:
        if "/channels/" in address:
            return "Discord message link"
        if "/invite/" in address:
            return "Discord invite"
    if domain in _SITES:
        return _SITES[domain]
    return f"{domain.replace('.', ' dot ').replace('-', ' ')} link"
