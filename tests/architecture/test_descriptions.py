"""Keys of files that a user writes say what they mean: on the reference pages, and in ``ngpc-sim explain``."""

import pytest

from ngpc_sim.architecture.gpu import GpuSpec
from ngpc_sim.architecture.technology import TechnologySpec
from ngpc_sim.job.explain import explain, gpu_keys


@pytest.mark.parametrize("model", [GpuSpec, TechnologySpec])
def test_every_key_of_a_file_has_a_meaning(model):
    schema = model.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    fields = {(own["title"], key): field for own in models for key, field in own.get("properties", {}).items()}
    assert len(fields) > 50
    assert [key for key, field in fields.items() if not field.get("description")] == []


@pytest.mark.parametrize("key", gpu_keys())
def test_explain_says_what_a_key_of_a_gpus_file_means(key):
    assert "  meaning:" in explain(key)
