"""Which phone may scan an instance's QR code."""

# Countries whose accounts may carry another number than the one that is dialled: country code, where in the
# dialled form alone a digit stands, which, and how long that form is. Brazil: the ninth digit of mobile
# numbers, which older accounts lack. Mexico: the 1 that was dialled before mobile numbers until 2020.
# Argentina: the 9 that is dialled before mobile numbers from abroad.
_VARIANTS = (("55", 4, "9", 13), ("52", 2, "1", 13), ("54", 2, "9", 13))


def same_number(one: str, other: str) -> bool:
    """Whether two international numbers (digits) are one account, extra digits of some countries aside."""
    return bool(spellings(one) & spellings(other))


def shortest(number: str) -> str:
    """The one spelling by which all of an account's are known to be the same."""
    return min(spellings(number), key=len)


def spellings(number: str) -> set[str]:
    """`number` (digits), and how the same account may be written otherwise."""
    found = {number}
    for country, at, digit, length in _VARIANTS:
        if not number.startswith(country):
            continue
        if len(number) == length and number[at : at + 1] == digit:
            found.add(number[:at] + number[at + 1 :])
        elif len(number) == length - 1:
            found.add(number[:at] + digit + number[at:])
    return found
