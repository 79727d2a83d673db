import base64
import io

import segno

_SCALE = 6  # pixels per module: a phone reads it from any screen, and the PNG stays below 3 kB
_BORDER = 4  # modules of quiet zone that the standard asks for (ISO/IEC 18004)


def png_base64(text: str) -> str:
    """`text` as a QR code: a PNG in base64, without a `data:` prefix, as clients of the API expect it."""
    png = io.BytesIO()
    segno.make(text, error="l", micro=False).save(png, kind="png", scale=_SCALE, border=_BORDER)
    return base64.b64encode(png.getvalue()).decode()


def svg(text: str) -> str:
    """`text` as a QR code for a page: an SVG as large as its place, without any style of its own."""
    code = segno.make(text, error="l", micro=False)
    drawn: str = code.svg_inline(border=_BORDER, dark="#000", light="#fff", omitsize=True, svgclass=None)
    return drawn


def terminal(text: str) -> str:
    """`text` as a QR code of half blocks, small enough for a terminal of 80 columns."""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True, border=2)
    return drawn.getvalue()
