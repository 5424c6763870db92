"""CompiledModel is tried in a child; the end of one that crashed is explained, with the cure."""

from edgeseg.doctor.compiled_model import explain, try_compiled_model

#: What ai-edge-litert 2.3.0 prints on a processor without LSE atomics.
LSE = (
    "FATAL ERROR: This binary was compiled with lse enabled, but this feature is not available on this "
    "processor (go/sigill-fail-fast).\n"
)


def test_it_works_on_this_machine():
    found = try_compiled_model()
    assert (found.state, found.detail) == ("ok", "works")


def test_a_child_that_takes_too_long_is_a_note():
    assert try_compiled_model(timeout_s=0.001).state == "note"


def test_a_processor_without_lse_is_named_with_the_cure():
    for told in (explain(-4, LSE), explain(-4, ""), explain(1, LSE)):
        assert "ends the process" in told
        assert "LSE atomics" in told
        assert "ai_edge_litert.interpreter.Interpreter" in told
        assert "delete that file" in told
    assert "(SIGILL)" in explain(-4, LSE)


def test_another_failure_is_told_as_it_is():
    assert explain(1, "Traceback\nImportError: no CompiledModel\n") == (
        "does not work: ImportError: no CompiledModel"
    )
    assert explain(1, "") == "does not work: it printed nothing"
    assert "signal 77" in explain(-77, "")
