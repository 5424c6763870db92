"""What an audit found survives being stored, as version 0.1 stored it too."""

import json

import pytest

from edgeseg.audit.audit import audit_model
from edgeseg.errors import ArtifactError
from edgeseg.model.audit_record import Audit
from edgeseg.records import from_data, to_data
from support.paths import AUDIT_MODELS, MODELS, ROOT

PUBLISHED = ROOT / "models/nih3t3_phase/unet-16_nih3t3_phase_256_int8-ptq.json"


@pytest.mark.parametrize(
    "path",
    [
        MODELS / "blobs_int8.tflite",
        MODELS / "blobs_dynamic_batch.tflite",
        AUDIT_MODELS / "int8_float_io.tflite",
    ],
)
def test_an_audit_survives_json(path):
    audit = audit_model(path.read_bytes(), name=path.name)
    stored = json.loads(json.dumps(to_data(audit)))
    assert from_data(Audit, stored, where="here", error=ArtifactError) == audit


def test_an_audit_of_version_0_1_is_stored_again_as_it_was():
    stored = json.loads(PUBLISHED.read_text())["audit"]
    assert to_data(from_data(Audit, stored, where="here", error=ArtifactError)) == stored


def test_a_damaged_audit_is_one_sentence():
    stored = json.loads(PUBLISHED.read_text())["audit"]
    with pytest.raises(ArtifactError, match=r'expected a whole number as macs in the audit, but got "many"'):
        from_data(Audit, stored | {"macs": "many"}, where="here", error=ArtifactError)
