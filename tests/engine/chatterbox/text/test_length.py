"""How much speech a text may take, beside how long the stock voice takes to read it."""

from engine.chatterbox.text import most_speech_tokens
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice
from engine.stock.engine import StockEngine


def test_a_text_may_take_much_longer_than_a_reader_takes() -> None:
    """Three quarters more than one who reads single words slowly, and 0.5 s of silence."""
    reader = StockEngine(threads=1, reason="")
    texts = ["I", "Yes", "W", "F B I", "H T M L", "okay", "through", "strengths", "1984"]
    texts += ["one million seven hundred thousand and twelve", "We are going to leave now."]
    for text in texts:
        for voice in ("fenrir", "michael"):
            job = Speak(1, text, StockVoice(voice), SpeechParameters())
            read_s = reader.synthesise(job, lambda: False).duration_s
            assert most_speech_tokens(text) / 25 > 1.75 * read_s + 0.5, (text, voice)
