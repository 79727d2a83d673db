"""Our protobuf definitions against those that the engine's package ships.

The engine's descriptors are read in a child process, because importing its package starts a Go runtime.
"""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

from waypost.sandbox.wire.proto import adv_pb2, handshake_pb2, message_pb2, sync_pb2, whisper_pb2

_DUMP = """
import importlib, json, sys, types
from importlib.util import find_spec
root = types.ModuleType("neonize")
root.__path__ = list(find_spec("neonize").submodule_search_locations)
sys.modules["neonize"] = root
for name in ("waE2E.WAWebProtobufsE2E", "waAdv.WAAdv", "waCert.WACert", "waWa6.WAWebProtobufsWa6",
    "waServerSync.WAWebProtobufsServerSync", "waSyncAction.WAWebProtobufSyncAction"):
    importlib.import_module(f"neonize.proto.{name}_pb2")
from google.protobuf import descriptor_pool
pool = descriptor_pool.Default()
def dump(d):
    return {f.number: [f.name, f.type, f.is_repeated] for f in d.fields}
json.dump({name: dump(pool.FindMessageTypeByName(name)) for name in sys.argv[1:]}, sys.stdout)
"""

_E2E = "WAWebProtobufsE2E."
_MODULES = (adv_pb2, handshake_pb2, message_pb2, sync_pb2, whisper_pb2)
_SYNC = "WAWebProtobufsServerSync."
_ACTION = "WAWebProtobufSyncAction."
_PAIRS: dict[str, tuple[Descriptor, str]] = {
    name: (message_pb2.DESCRIPTOR.message_types_by_name[name], _E2E + name)
    for name in (
        "Message",
        "ContextInfo",
        "MessageContextInfo",
        "ExtendedTextMessage",
        "AudioMessage",
        "ImageMessage",
        "VideoMessage",
        "DocumentMessage",
        "StickerMessage",
        "ContactMessage",
        "LocationMessage",
        "ReactionMessage",
        "SenderKeyDistributionMessage",
        "DeviceSentMessage",
        "ProtocolMessage",
        "AppStateSyncKeyShare",
        "AppStateSyncKey",
        "AppStateSyncKeyId",
        "AppStateSyncKeyData",
        "AppStateSyncKeyFingerprint",
        "AppStateSyncKeyRequest",
    )
} | {
    **{
        name: (sync_pb2.DESCRIPTOR.message_types_by_name[name], _SYNC + name)
        for name in ("SyncdVersion", "KeyId", "SyncdRecord", "SyncdMutation", "SyncdPatch")
    },
    **{
        name: (sync_pb2.DESCRIPTOR.message_types_by_name[name], _ACTION + name)
        for name in ("SyncActionData", "SyncActionValue")
    },
    "Star": (sync_pb2.SyncActionValue.Star.DESCRIPTOR, _ACTION + "StarAction"),
    "Contact": (sync_pb2.SyncActionValue.Contact.DESCRIPTOR, _ACTION + "ContactAction"),
    "Mute": (sync_pb2.SyncActionValue.Mute.DESCRIPTOR, _ACTION + "MuteAction"),
    "Pin": (sync_pb2.SyncActionValue.Pin.DESCRIPTOR, _ACTION + "PinAction"),
    "PushName": (sync_pb2.SyncActionValue.PushName.DESCRIPTOR, _ACTION + "PushNameSetting"),
    "Archive": (sync_pb2.SyncActionValue.Archive.DESCRIPTOR, _ACTION + "ArchiveChatAction"),
    "MarkAsRead": (
        sync_pb2.SyncActionValue.MarkAsRead.DESCRIPTOR,
        _ACTION + "MarkChatAsReadAction",
    ),
    "NestedMessage": (message_pb2.NestedMessage.DESCRIPTOR, _E2E + "FutureProofMessage"),
    "MessageKey": (message_pb2.MessageKey.DESCRIPTOR, "WACommon.MessageKey"),
    "DeviceIdentity": (adv_pb2.DeviceIdentity.DESCRIPTOR, "WAAdv.ADVDeviceIdentity"),
    "SignedDeviceIdentity": (adv_pb2.SignedDeviceIdentity.DESCRIPTOR, "WAAdv.ADVSignedDeviceIdentity"),
    "SignedDeviceIdentityHmac": (
        adv_pb2.SignedDeviceIdentityHmac.DESCRIPTOR,
        "WAAdv.ADVSignedDeviceIdentityHMAC",
    ),
    "Certificate": (handshake_pb2.CertChain.Certificate.DESCRIPTOR, "WACert.CertChain.NoiseCertificate"),
    "Details": (
        handshake_pb2.CertChain.Certificate.Details.DESCRIPTOR,
        "WACert.CertChain.NoiseCertificate.Details",
    ),
    "CertChain": (handshake_pb2.CertChain.DESCRIPTOR, "WACert.CertChain"),
    "HandshakeMessage": (handshake_pb2.HandshakeMessage.DESCRIPTOR, "WAWebProtobufsWa6.HandshakeMessage"),
    "Hello": (
        handshake_pb2.HandshakeMessage.Hello.DESCRIPTOR,
        "WAWebProtobufsWa6.HandshakeMessage.ServerHello",
    ),
    "Finish": (
        handshake_pb2.HandshakeMessage.Finish.DESCRIPTOR,
        "WAWebProtobufsWa6.HandshakeMessage.ClientFinish",
    ),
    "ClientPayload": (handshake_pb2.ClientPayload.DESCRIPTOR, "WAWebProtobufsWa6.ClientPayload"),
    "DevicePairingData": (
        handshake_pb2.ClientPayload.DevicePairingData.DESCRIPTOR,
        "WAWebProtobufsWa6.ClientPayload.DevicePairingRegistrationData",
    ),
}
# Fields that we name by what they are, where the protocol's own name does not say it.
_RENAMED = {
    "accountsignaturekey": "accountkey",
    "eregid": "registrationid",
    "ekeytype": "keytype",
    "eident": "identity",
    "eskeyid": "signedprekeyid",
    "eskeyval": "signedprekey",
    "eskeysig": "signedprekeysignature",
    "devicepairingdata": "pairing",
    "pollcreationmessagev3": "pollofone",
}


@pytest.fixture(scope="module")
def theirs() -> dict[str, dict[str, Any]]:
    names = [name for _, name in _PAIRS.values()]
    run = subprocess.run([sys.executable, "-c", _DUMP, *names], capture_output=True, check=True, timeout=60)
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("name", _PAIRS)
def test_every_field_has_the_number_and_type_that_the_engine_knows(
    name: str, theirs: dict[str, dict[str, Any]]
) -> None:
    ours, counterpart = _PAIRS[name]
    for field in ours.fields:
        known, kind, repeated = theirs[counterpart][str(field.number)]
        plain = known.lower().replace("_", "")
        assert field.name.replace("_", "") in _RENAMED.get(plain, plain)
        assert (field.type, field.is_repeated) == (kind, repeated), field.name


def test_unknown_fields_survive_reading_and_writing() -> None:
    raw = b"\x0a\x01x" + b"\xfa\x3e\x01z"  # conversation, then field 1007
    assert message_pb2.Message.FromString(raw).SerializeToString() == raw


def test_the_generated_modules_are_those_of_the_definitions(tmp_path: Path) -> None:
    """Otherwise run scripts/protos."""
    source = Path(str(files("waypost"))).parent
    names = [
        module.DESCRIPTOR.name for module in (adv_pb2, handshake_pb2, message_pb2, sync_pb2, whisper_pb2)
    ]
    found = sorted(path.name for path in (source / names[0]).parent.glob("*.proto"))
    assert found == sorted(Path(name).name for name in names)
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        "-I",
        str(source),
        "-o",
        str(tmp_path / "set"),
        *names,
    ]
    subprocess.run(command, check=True, timeout=60)
    compiled = {
        file.name: file for file in FileDescriptorSet.FromString((tmp_path / "set").read_bytes()).file
    }
    for module in _MODULES:
        built_in = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        compiled[built_in.name].ClearField("source_code_info")
        for file in (built_in, compiled[built_in.name]):
            for message in file.message_type:
                _forget_json_names(message)
        assert compiled[built_in.name] == built_in


def _forget_json_names(message: DescriptorProto) -> None:
    # A descriptor set has them written out; a generated module leaves them to be derived.
    for field in message.field:
        field.ClearField("json_name")
    for nested in message.nested_type:
        _forget_json_names(nested)
