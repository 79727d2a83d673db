from waypost.sandbox.signal.ratchet import chain_step, message_keys


def test_a_chain_steps_and_derives_as_libsignal_does() -> None:
    """The vector of libsignal's own test of its chain keys, version 3."""
    seed, following = chain_step(
        bytes.fromhex("8ab72d6f4cc5ac0d387eaf463378ddb28edd07385b1cb01250c715982e7ad48f")
    )
    keys = message_keys(seed)
    assert keys.cipher.hex() == "bf51e9d75e0e31031051f82a2491ffc084fa298b7793bd9db620056febf45217"
    assert keys.mac.hex() == "c6c77d6a73a354337a56435e34607dfe48e3ace14e77314dc6abc172e7a7030b"
    assert following.hex() == "28e8f8fee54b801eef7c5cfb2f17f32c7b334485bbb70fac6ec10342a246d15d"
