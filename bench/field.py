"""The ffmpeg commands by which other gateways make voice notes, as their public sources have them."""

from dataclasses import dataclass
from shlex import split

IN, OUT = "<in>", "<out>"


@dataclass(frozen=True)
class Command:
    """A program's arguments for ffmpeg, and where they are published. `piped`: it is fed through stdin and
    read from stdout."""

    name: str
    source: str
    arguments: tuple[str, ...]

    @property
    def piped(self) -> bool:
        """Whether sound comes and goes through pipes."""
        return "pipe:0" in self.arguments

    def line(self, source: str = "in.mp3", target: str = "out.ogg") -> tuple[str, ...]:
        """The command line for a file; pipes stay pipes."""
        names = {IN: source, OUT: target}
        return ("ffmpeg", *(names.get(word, word) for word in self.arguments))


def same_settings(rate: int, bitrate: int) -> Command:
    """The work that our worker does, in one ffmpeg process."""
    return Command(
        "ffmpeg, our settings",
        "",
        (
            *("-nostdin", "-v", "error", "-y", "-i", IN, "-map", "0:a:0", "-ac", "1", "-ar", str(rate)),
            *("-c:a", "libopus", "-b:a", str(bitrate), "-application", "voip", "-vbr", "on"),
            *("-frame_duration", "20", "-compression_level", "10", OUT),
        ),
    )


WAHA = Command(
    "WAHA",
    "devlikeapro/waha src/core/media/IConverter.ts, CoreMediaConverter.voice, at 2a70e7a",
    tuple(split("-i pipe:0 -c:a libopus -b:a 32k -ar 48000 -ac 1 -f opus pipe:1")),
)

# fluent-ffmpeg builds it; the order of options within the output is the library's and has no effect.
EVOLUTION = Command(
    "Evolution API",
    "EvolutionAPI/evolution-api src/api/integrations/channel/whatsapp/whatsapp.baileys.service.ts, "
    "processAudio, at 00e191f",
    tuple(
        split(
            "-i pipe:0 -vn -acodec libopus -b:a 48k -ar 48000 -ac 1 -avoid_negative_ts make_zero "
            "-write_xing 0 -compression_level 10 -application voip -fflags +bitexact -flags +bitexact "
            "-id3v2_version 0 -map_metadata -1 -map_chapters -1 -write_bext 0 -f ogg pipe:1"
        )
    ),
)

# It also spawns ffprobe for the duration and ffmpeg once more for the waveform; neither is counted here.
GOWA = Command(
    "GOWA",
    "aldinokemal/go-whatsapp-web-multidevice src/usecase/send.go, SendAudio",
    ("-i", IN, *split("-c:a libopus -b:a 64k -vbr on -application voip -ar 48000 -ac 1 -y"), OUT),
)

FIELD = (WAHA, EVOLUTION, GOWA)
