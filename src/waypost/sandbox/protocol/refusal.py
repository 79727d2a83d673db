class Refusal(Exception):
    """A request that is answered with an error; its status is what WhatsApp uses, modelled on HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text
