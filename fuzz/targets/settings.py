from fuzz.target import Target
from waypost.config import PREFIX, ConfigError, Settings, load, strangers
from waypost.config import check as mistakes
from waypost.config_warnings import warnings

_SECRET = "1|" + "s3cret" * 5


def check(data: bytes) -> None:
    """Each line of the input is a variable: NAME=value."""
    lines = (
        line.partition("=") for line in data.decode("utf-8", "surrogateescape").replace("\0", "").split("\n")
    )
    environ = {PREFIX + name.upper(): value for name, _, value in lines}
    strangers(environ)
    try:
        settings = load(environ)
    except ConfigError as error:
        assert error.mistakes
        secret = environ.get(PREFIX + "ADMIN_TOKEN", "").strip()
        assert len(secret) < 20 or secret not in str(error)
        return
    assert not mistakes(settings)
    warnings(settings)
    secret = settings.admin_token
    assert not secret or secret not in repr(settings)
    assert load(_written(settings)) == settings


def _written(settings: Settings) -> dict[str, str]:
    told: dict[str, str] = {}
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        told[PREFIX + name.upper()] = ",".join(value) if isinstance(value, list) else str(value)
    return told


TARGET = Target(
    promise=(
        "an environment is a ConfigError with sentences and no secret, or settings"
        " that read the same when written"
    ),
    check=check,
    seeds=lambda: [
        b"PORT=8080\nHOST=0.0.0.0\nFETCH_ALLOW=10.0.0.0/8, *:81\nLOG_LEVEL=debug",
        b"DATA=~/x\nPUBLIC_URL=https://a.example/\nTRUSTED_PROXIES=10.0.0.1,fd00::/8\nVOICE_MAX_SECONDS=1e3",
        b"ADMIN_TOKEN=" + _SECRET.encode() + b"\nNETWORK=sandbox\nUPLOAD_MAX_BYTES=1024\nINLINE_MAX_BYTES=0",
        b"ADMIN_TOKEN=x" + _SECRET.encode() + b"\nEXPIRES_SECONDS=nan\nPROT=1\nSENDS_IN_FLIGHT=0",
    ],
    longest=600,
    rate=300,
)
