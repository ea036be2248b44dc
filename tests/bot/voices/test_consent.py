"""What people agreed to stays as they saw it."""

import hashlib

from bot.voices.consent import (
    CONSENT_TEXTS,
    CONSENT_VERSION,
    PERMISSION_TEXTS,
    PERMISSION_VERSION,
)

#: Another text is another version: add it, and change none.
CONSENTS = {
    1: "c0428294bb735e93fbc3bbc5712f15b91cb6754cf857cd532261679feb36665c",
    2: "d56535e30b4455c3b8851d210c93f77b7a853458ba3e4d7cac7db6de61cb3c41",
    3: "dee6191f7ecdb1437672b6158c13a88cad9b0c6745ad39e4f01ddcd34e74a737",
    4: "c0ea53d9138d7572f0f164273d034acfa1aabec1cb4c099cf6386027373b2484",
    5: "a6cb9a2292220ee2d7e3889b12e213bb1b5b80909a80027f61b7be7f89032446",
    6: "3a06b2ad519f7aaab8d2822b3dc4f4074178e4f004985558d81204e04fca8289",
}
PERMISSIONS = {
    1: "a07d6b53b77cd654a0483d60ad2a12abad8acc13005f692becf3f1eb951a2e51",
    2: "6e93f366aaba4e477c66c1649f992531b05d635e7143dc25a5017aac5feaf2e3",
}


def digests(texts: dict[int, str]) -> dict[int, str]:
    return {version: hashlib.sha256(text.encode()).hexdigest() for version, text in texts.items()}


def test_every_version_is_kept_as_it_was() -> None:
    assert digests(CONSENT_TEXTS) == CONSENTS
    assert digests(PERMISSION_TEXTS) == PERMISSIONS
    assert max(CONSENTS) == CONSENT_VERSION
    assert max(PERMISSIONS) == PERMISSION_VERSION
