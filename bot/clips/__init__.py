"""From the bytes that somebody uploaded to a judged, normalised clip of one voice.

`bot.clips.judge` is the whole of it for the rest of the bot: `judge`, `ClipLimits`, `JudgedClip`,
`ClipRefused`, and `prove` with `Proven`. Everything that touches an upload's content runs in a
child process (`bot.clips.child`), which must start quickly: this file imports nothing.
"""
