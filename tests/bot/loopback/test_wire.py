"""Bytes that a careless or hostile client sends are refused, not misread."""

import struct

import davey
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from bot.loopback.mls import ExternalSender, MalformedMls, split_commit_and_welcome, vector
from bot.loopback.rtp import BadPacket, parse

KEY = bytes(range(32))


def sealed(payload: bytes, *, counter: int = 7, key: bytes = KEY) -> bytes:
    header = struct.pack(">BBHII", 0x80, 0x78, 5, 960, 1)
    suffix = struct.pack(">I", counter)
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(payload, header, suffix + bytes(20), key)
    return header + box + suffix


def test_a_packet_opens_with_its_key_and_no_other() -> None:
    packet = parse(sealed(b"sound"))
    assert (packet.sequence, packet.timestamp, packet.ssrc) == (5, 960, 1)
    assert packet.opened(KEY) == b"sound"
    with pytest.raises(BadPacket, match="does not open"):
        packet.opened(bytes(32))
    altered = bytearray(sealed(b"sound"))
    altered[3] ^= 1
    with pytest.raises(BadPacket, match="does not open"):
        parse(bytes(altered)).opened(KEY)


@given(st.binary(max_size=60))
def test_no_datagram_is_mistaken_for_a_packet_of_ours(datagram: bytes) -> None:
    with pytest.raises(BadPacket):
        parse(datagram).opened(KEY)


def test_commit_and_welcome_are_split_where_the_commit_ends() -> None:
    """For a commit that adds (with a welcome) and one that removes (without)."""
    sender, bot = ExternalSender(), davey.DaveSession(1, 1, 99)
    bot.get_serialized_key_package()
    bot.set_external_sender(sender.package())
    member = davey.DaveSession(1, 2, 99)
    member.set_external_sender(sender.package())
    add = sender.propose_add(99, 0, member.get_serialized_key_package())
    append = davey.ProposalsOperationType.append
    offered = bot.process_proposals(append, vector(add))
    assert split_commit_and_welcome(offered.commit + offered.welcome) == (
        offered.commit,
        offered.welcome,
    )
    bot.process_commit(offered.commit)
    member.process_welcome(offered.welcome)
    remove = sender.propose_remove(99, 1, member.own_leaf_index)
    offered = bot.process_proposals(append, vector(remove))
    assert split_commit_and_welcome(offered.commit) == (offered.commit, None)
    for length in range(0, len(offered.commit), 7):
        with pytest.raises(MalformedMls):
            split_commit_and_welcome(offered.commit[:length])


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_fail_otherwise_than_by_refusing(data: bytes) -> None:
    with pytest.raises(MalformedMls):
        split_commit_and_welcome(data)


@pytest.mark.parametrize("length", [0, 63, 64, 16383, 16384])
def test_a_vector_states_its_length_in_the_fewest_bytes(length: int) -> None:
    """One, two or four bytes, by RFC 9420."""
    overhead = 1 if length < 64 else 2 if length < 16384 else 4
    assert len(vector(bytes(length))) == length + overhead
