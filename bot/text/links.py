"""Addresses as a person mentions them: by the name of the site, never letter by letter."""

import re

from bot.text.expressions import lazy_pattern, sub_apart
from bot.text.wording import ENGLISH, Wording

_MASKED = lazy_pattern(
    r"!?\[([^\[\]\n]{1,300})\]\(<?(?:https?|discord)://[^\s()<>]{1,1000}[^()\n]{0,100}\)"
)
_URL = lazy_pattern(r"<?(?:https?|steam|discord|ftp)://([^\s<>|]*)>?", re.IGNORECASE)
# Endings that are no English word: "ok.no" is two sentences.
ENDINGS = "com|net|org|io|gg|tv|dev|app|co|uk|de|fr|eu|ca|au|jp|nl|se|xyz|edu|gov|wiki|ly|gl|fm|ai"
_BARE = lazy_pattern(
    rf"(?<![\w@.:/-])((?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,4}}(?:{ENDINGS}))(?![\w.-]*\w)"
    r"((?:[/?#][^\s<>|]*)?)",
    re.IGNORECASE,
)
_MAIL = lazy_pattern(r"(?<![\w.+-])(?:mailto:)?([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,4})")
_LOCAL = lazy_pattern(r"\b(localhost|(?:\d{1,3}\.){3}\d{1,3}):(\d{2,5})\b")
_CLOSING = ".,!?;:'\")]*_~`"
_SITES = {
    "youtube.com": "YouTube",
    "youtu.be": "YouTube",
    "twitter.com": "Twitter",
    "x.com": "X",
    "vxtwitter.com": "Twitter",
    "fxtwitter.com": "Twitter",
    "bsky.app": "Bluesky",
    "discord.com": "Discord",
    "discord.new": "Discord",
    "discordapp.com": "Discord",
    "discordapp.net": "Discord",
    "github.com": "GitHub",
    "github.io": "GitHub",
    "gitlab.com": "GitLab",
    "reddit.com": "Reddit",
    "redd.it": "Reddit",
    "twitch.tv": "Twitch",
    "spotify.com": "Spotify",
    "soundcloud.com": "SoundCloud",
    "wikipedia.org": "Wikipedia",
    "steampowered.com": "Steam",
    "steamcommunity.com": "Steam",
    "imgur.com": "Imgur",
    "tiktok.com": "TikTok",
    "instagram.com": "Instagram",
    "facebook.com": "Facebook",
    "google.com": "Google",
    "amazon.com": "Amazon",
    "stackoverflow.com": "Stack Overflow",
    "netflix.com": "Netflix",
    "pypi.org": "Pie P I",
}
_PICTURES = {"tenor.com", "giphy.com", "klipy.com"}
_SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu"}
_IMAGE = lazy_pattern(r"\.(?:png|jpe?g|gif|webp)(?:[?#]|$)", re.IGNORECASE)
_VIDEO = lazy_pattern(r"\.(?:mp4|mov|webm)(?:[?#]|$)", re.IGNORECASE)
_IP_ADDRESS = lazy_pattern(r"((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?(?=[/?#]|$)", re.ASCII)
_HOST = lazy_pattern(r"(?:[^/@?#]*@)?([^/?#:]*)")


def links(text: str, wording: Wording = ENGLISH) -> str:
    """``[label](url)`` -> label, ``youtu.be/x`` -> YouTube link, ``a@b.c`` -> a at b dot c."""
    text = _MASKED.sub(lambda m: m[1], text)
    text = sub_apart(_URL, lambda m: _url(m, wording), text)
    dot = f" {wording.dot} "
    text = _MAIL.sub(lambda m: f"{m[1]} {wording.at} {m[2]}".replace(".", dot), text)
    if wording is ENGLISH:
        text = _LOCAL.sub(r"\1 port \2", text)
    return sub_apart(_BARE, lambda m: _bare(m, wording), text)


def without_links(text: str) -> str:
    """Addresses left out; of ``[label](url)`` the label stays."""
    return _URL.sub(" ", _MASKED.sub(lambda m: m[1], text))


def _url(match: re.Match[str], wording: Wording) -> str:
    rest = match[1]
    address = rest.rstrip(_CLOSING)
    after = rest[len(address) :]
    if address.count("(") > address.count(")") and after.startswith(")"):
        after = after[1:]
    host = _HOST.match(address)
    return f"{_site(host[1], address, wording)}{after}" if host and host[1] else after


def _bare(match: re.Match[str], wording: Wording) -> str:
    host, path = match[1], match[2]
    if path.rstrip(_CLOSING).strip("/"):
        address = path.rstrip(_CLOSING)
        return f"{_site(host, address, wording)}{path[len(address) :]}"
    return host.removeprefix("www.").replace(".", f" {wording.dot} ") + path.strip("/")


def _site(host: str, address: str, wording: Wording) -> str:
    host = host.lower().rstrip(".")
    if numeric := _IP_ADDRESS.match(address):
        if address[numeric.end() :].strip("/"):
            return wording.link_to.format(numeric[1])
        return numeric[1] + (f" port {numeric[2]}" if numeric[2] else "")
    labels = host.split(".")
    if host == "localhost":
        return wording.link_to.format(host)
    if not host.isascii() or len(labels) < 2 or labels[-1].isdigit() or host.startswith("["):
        return wording.link
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    domain = ".".join(labels[-size:])
    if _IMAGE.search(address):
        return wording.image_link
    if _VIDEO.search(address):
        return wording.video_link
    if domain in {"discord.com", "discordapp.com"}:
        if "/channels/" in address:
            return wording.message_link
        if "/invite/" in address:
            return wording.invite
    if domain == "discord.gg":
        return wording.invite
    if domain in _PICTURES:
        return "GIF"
    site = _SITES.get(domain) or domain.replace(".", f" {wording.dot} ").replace("-", " ")
    return wording.link_to.format(site)
