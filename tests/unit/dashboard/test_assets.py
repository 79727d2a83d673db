"""What is delivered to browsers is what was looked at, and nothing that the pages' policy would refuse."""

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

from waypost.dashboard.assets import Assets
from waypost.dashboard.headers import SECURITY
from waypost.errors import ApiError

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "src" / "waypost" / "dashboard"
# As npm has them: the name, and the SHA-256 of the file.
VENDORED = {
    "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "wavesurfer.esm.js": "1bca765cc75bc4af079ecd1b2edd659b155e5d1715e75a29d68272d9f141f951",
}
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
SCRIPTS = sorted((FOLDER / "assets").glob("*.js"))


def test_foreign_files_are_those_of_their_packages_and_named_in_the_notice() -> None:
    vendor = FOLDER / "assets" / "vendor"
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in vendor.iterdir()}
    assert found == VENDORED
    notice = (ROOT / "NOTICE").read_text()
    assert [name for name in VENDORED if f"src/waypost/dashboard/assets/vendor/{name}" not in notice] == []


def test_the_policy_allows_the_style_of_the_bars_and_no_other() -> None:
    text = (FOLDER / "assets" / "vendor" / "wavesurfer.esm.js").read_text()
    (written,) = re.findall(r"<style[^>]*>(.*?)</style>", text)
    height = re.search(r"^const HEIGHT = (\d+);", (FOLDER / "assets" / "waves.js").read_text(), re.M)
    assert height is not None
    style = re.sub(r"\$\{this\.getHeight\([^}]*\)\}", height[1], written.replace("\\n", "\n"))
    assert "${" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = SECURITY["Content-Security-Policy"]
    assert f"style-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_script_or_a_style_in_it(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|hx-on|hx-vals='?js:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\|\s*safe\b", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_evaluates_text_or_writes_html(script: Path) -> None:
    text = script.read_text()
    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", text
    )
    assert text.count("\n") < 200


def test_the_address_changes_with_the_contents_and_leads_nowhere_else() -> None:
    assets = Assets()
    version = assets.base.rpartition("/")[2]
    style = (files("waypost.dashboard") / "assets" / "style.css").read_bytes()
    assert assets.get(version, "style.css").raw == style
    for name in ("../dashboard.py", "nothing.css", "", "vendor", "vendor/../style.css"):
        with pytest.raises(ApiError):
            assets.get(version, name)
    with pytest.raises(ApiError):
        assets.get("0" * 12, "style.css")
