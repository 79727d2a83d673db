from waypost.sandbox.client import SandboxClient

ADA = "+491700000001"


async def test_an_engine_is_paired_by_qr_and_its_text_reaches_a_contact(
    client: SandboxClient, paired
) -> None:
    sent = await paired.call("text", to=ADA[1:], text="hello Ada")
    received = await client.next_message(ADA)
    assert (received.id, received.text, received.sender, received.times) == (
        sent["id"], "hello Ada", "+4915200000001", 1,
    )  # fmt: skip
