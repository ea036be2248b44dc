"""Random weights behave: reproducible, audible, neither flat nor certain, and they stop."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.upstream.build import load_upstream
from engine.upstream.random_weights import write_random_checkpoint
from engine.upstream.untrained import GUIDANCE, TEMPERATURE, entropy_bits
from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError
from engine.weights.models import ENGLISH, MODELS
from engine.weights.sizes import REDUCED

TEXT = "Nine quick foxes jump over one lazy dog."


@pytest.fixture(scope="module")
def model(small_checkpoint: Path) -> Any:
    return load_upstream(small_checkpoint, ENGLISH)


@torch.inference_mode()
def logits(model: Any, cfg_weight: float) -> torch.Tensor:
    """Teacher-forced logits (2, 100, vocabulary) of both guidance rows, on tokens unseen before.

    Without the stop token, which is the only candidate once an utterance is long enough.
    """
    generator = torch.Generator().manual_seed(99)
    speech_tokens = torch.randint(0, 6561, (1, 100), generator=generator)
    text_tokens = model.tokenizer.text_to_tokens(f"[START]{TEXT}[STOP]").long()
    model.conds.t3.cond_prompt_speech_emb = None
    embeds, _ = model.t3.prepare_input_embeds(
        t3_cond=model.conds.t3,
        text_tokens=text_tokens.expand(2, -1),
        speech_tokens=speech_tokens.expand(2, -1),
        cfg_weight=cfg_weight,
    )
    hidden = model.t3.tfmr(inputs_embeds=embeds).last_hidden_state[:, -100:]
    found: torch.Tensor = model.t3.speech_head(hidden)
    return torch.cat([found[..., :6562], found[..., 6563:]], dim=-1)


def test_equal_seeds_give_equal_weights_and_others_do_not(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    before = torch.random.get_rng_state()
    write_random_checkpoint(tmp_path / "same", seed=3, small=True, stop_after=20)
    assert torch.equal(torch.random.get_rng_state(), before)
    write_random_checkpoint(tmp_path / "other", seed=4, small=True, stop_after=20)
    first, same, other = (
        checkpoint.read_manifest(f)
        for f in (small_checkpoint, tmp_path / "same", tmp_path / "other")
    )
    assert first == same
    for name in (ENGLISH.t3, ENGLISH.s3gen, ENGLISH.voice_encoder):
        assert first.files[name].size == other.files[name].size
        assert first.files[name].sha256 != other.files[name].sha256


def test_other_weights_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / ENGLISH.t3).write_bytes(b"3 GB that took an hour to fetch")
    with pytest.raises(WeightsError, match="already holds other weights"):
        write_random_checkpoint(tmp_path, seed=0, small=True)
    assert [path.name for path in tmp_path.iterdir()] == [ENGLISH.t3]


def test_the_next_token_has_between_one_and_six_bits(model: Any) -> None:
    cond, uncond = logits(model, GUIDANCE)
    guided = (cond + GUIDANCE * (cond - uncond)) / TEMPERATURE
    for distribution in (cond, uncond, guided):
        bits = entropy_bits(distribution)
        assert 1.0 < bits.mean() < 6.0
        assert ((bits > 1.0) & (bits < 6.0)).float().mean() > 0.75


@pytest.mark.parametrize("field", ["speaker_emb", "cond_prompt_speech_tokens", "emotion_adv"])
def test_the_next_token_depends_on_every_part_of_the_voice(
    model: Any, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By half a percent and more, where parity is asked to a hundredth of that."""
    cond, uncond = logits(model, GUIDANCE)
    assert (cond - uncond).std() > 0.2 * cond.std()  # and on the text
    generator = torch.Generator().manual_seed(5)
    others = {
        "speaker_emb": torch.nn.functional.normalize(torch.randn(1, 256, generator=generator)),
        "cond_prompt_speech_tokens": torch.randint(0, 6561, (1, 100), generator=generator),
        "emotion_adv": torch.ones(1, 1, 1),
    }
    monkeypatch.setattr(model.conds.t3, field, others[field])
    changed, _ = logits(model, GUIDANCE)
    assert (cond - changed).std() > 0.005 * cond.std()


def test_an_utterance_stops_by_itself_and_can_be_heard(
    model: Any, pytestconfig: pytest.Config
) -> None:
    for seed in range(3 if pytestconfig.getoption("--all") else 1):
        torch.manual_seed(seed)
        wav = model.generate(TEXT)
        assert wav.isfinite().all()
        assert 10 <= wav.shape[1] / 960 <= 30  # tokens; asked for about 20
        assert 0.03 < wav.square().mean().sqrt() < 0.3
        assert (wav.abs() > 0.98).float().mean() < 0.01


def test_the_vocoder_hears_voiced_and_unvoiced_frames(model: Any) -> None:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 6561, (1, 60), generator=generator)
    torch.manual_seed(1)
    mel = model.s3gen.flow_inference(tokens, ref_dict=dict(model.conds.gen), finalize=True)
    with torch.inference_mode():
        pitch_hz = model.s3gen.mel2wav.f0_predictor(mel)
    assert 60 < pitch_hz.mean() < 250
    assert pitch_hz.std() > 15


def test_speech_tokens_of_a_clip_are_varied(model: Any) -> None:
    assert model.conds.gen["prompt_token"].unique().numel() > 30


def test_the_tokenizer_has_the_ids_that_t3_expects(model: Any) -> None:
    vocabulary = model.tokenizer.tokenizer.get_vocab()
    assert len(vocabulary) == model.t3.hp.text_tokens_dict_size == 704
    assert vocabulary["[START]"] == model.t3.hp.start_text_token
    assert vocabulary["[STOP]"] == model.t3.hp.stop_text_token
    ids = model.tokenizer.encode(TEXT)
    assert vocabulary["[UNK]"] not in ids
    assert model.tokenizer.decode(ids) == TEXT


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multilingual", "turbo"])
def test_every_model_has_its_own_voice_tokenizer_and_entropy(name: str, tmp_path: Path) -> None:
    """Written, and loaded into upstream's class of it, which reads a text and speaks."""
    entry = MODELS[name]
    write_random_checkpoint(tmp_path, entry, seed=3, small=True, stop_after=20)
    assert checkpoint.models_in(tmp_path) == (entry,)
    assert checkpoint.read_sizes(tmp_path, entry) == REDUCED[entry.name]
    model = load_upstream(tmp_path, entry)
    torch.manual_seed(1)
    with torch.inference_mode():
        options = {} if name == "turbo" else {"language_id": "de"}
        wav = model.generate("Nine foxes jump.", **options)
    assert wav.isfinite().all()
    assert 8 <= wav.shape[1] / 960 <= 60
    assert 0.02 < wav.square().mean().sqrt() < 0.4
