"""Verdicts on the paper's claims, in worlds where one knows what is true."""

import pytest

from edgeseg.host.study.paper.claims import judge_claims
from edgeseg.host.study.plan_file import COMBINATIONS
from support.study_results import IMAGES, as_the_paper, results_of

ADAGRAD, BEST_OPTIMIZERS, HYBRIDS, QUANTIZED, PRUNED, BEST_CELL, BATCH = range(7)


def seconds(step):
    return {"int8-qat": 5.0, "int8-qat-batch2": 9.0}.get(step, 10.0)


def judge(tmp_path, hits=as_the_paper, **options):
    return judge_claims(results_of(tmp_path / "study", hits, **({"seconds": seconds} | options)))


def test_in_a_world_as_the_paper_has_it_every_claim_holds(tmp_path):
    assert {claim.title: claim.verdict for claim in judge(tmp_path)} == {
        "Of the optimizers with BCE, Adagrad is the worst": "holds",
        "RMSprop and Adam are the best optimizers": "holds",
        "The hybrid losses are at least as good as BCE": "holds",
        "Both quantizations stay within 1 % of the base": "holds",
        "Pruned networks are at least as good as the base": "holds",
        "Jaccard-BCE with RMSprop, pruned, is the best of all": "holds",
        "Quantization-aware training is better and faster with batch 6 than with batch 2": "holds",
    }


def changed(combinations, steps, points):
    """As the paper, but for some cells."""

    def hits(combination, seed, step):
        extra = points if combination in combinations and step in steps else 0
        return [hit + extra for hit in as_the_paper(combination, seed, step)]

    return hits


VARIANTS = ("float32", "int8-ptq", "int8-qat", "pruned")


@pytest.mark.parametrize(
    ("claim", "hits"),
    [
        (ADAGRAD, changed(("bce+nadam",), VARIANTS, -40)),
        (BEST_OPTIMIZERS, changed(("bce+nadam",), VARIANTS, 14)),
        (HYBRIDS, changed(("dice-focal+adam",), VARIANTS, -6)),
        (QUANTIZED, changed(("bce+adam",), ("int8-qat",), -3)),
        (PRUNED, changed(COMBINATIONS, ("pruned",), -9)),
        (BEST_CELL, changed(("dice-bce+adam",), ("pruned",), 9)),
        (BATCH, changed(("bce+adam",), ("int8-qat",), -5)),
    ],
)
def test_a_claim_that_is_wrong_does_not_hold(claim, hits, tmp_path):
    assert judge(tmp_path, hits)[claim].verdict == "does not hold"


@pytest.mark.parametrize(
    ("claim", "hits"),
    [
        # Some networks lose much, the others gain: which are the rule is not known of so few.
        (
            PRUNED,
            changed(("bce+adam", "bce+nadam", "bce+rmsprop", "dice-bce+adam"), ("pruned",), -9),
        ),
        # As good, up to the spread of the seeds.
        (BEST_CELL, changed(("dice-bce+adam",), ("pruned",), 6)),
        (BEST_OPTIMIZERS, changed(("bce+nadam",), VARIANTS, 10)),
    ],
)
def test_where_the_intervals_hold_both_answers_nobody_can_tell(claim, hits, tmp_path):
    assert judge(tmp_path, hits)[claim].verdict == "cannot tell"


@pytest.mark.parametrize("claim", [BEST_OPTIMIZERS, BEST_CELL, BATCH])
def test_where_all_cells_find_the_same_nobody_is_best(claim, tmp_path):
    assert judge(tmp_path, lambda *_: IMAGES)[claim].verdict == "cannot tell"


@pytest.mark.parametrize("claim", [HYBRIDS, QUANTIZED, PRUNED])
def test_where_all_cells_find_the_same_each_is_as_good(claim, tmp_path):
    def hits(_combination, seed, _step):
        return [IMAGES[0] + 0.4 * (seed == 1), *IMAGES[1:]]

    assert judge(tmp_path, hits)[claim].verdict == "holds"


def test_single_seeds_cannot_tell_combinations_apart_and_say_why(tmp_path):
    claim = judge(tmp_path, plan="seeds = [0]")[ADAGRAD]
    assert claim.verdict == "cannot tell"
    assert "no combination has seeds enough" in claim.evidence[-1]


def test_single_seeds_can_tell_what_quantization_loses(tmp_path):
    assert judge(tmp_path, plan="seeds = [0]")[QUANTIZED].verdict == "holds"


def test_better_but_slower_is_not_better_and_faster(tmp_path):
    slower = judge(tmp_path, seconds=lambda step: 20.0 if step == "int8-qat" else 10.0)[BATCH]
    assert slower.verdict == "does not hold"
    assert "An epoch takes 20.0 s with batch 6, 10.0 s with 2." in slower.evidence


def test_a_claim_about_what_was_not_run_cannot_be_told(tmp_path):
    claims = judge(tmp_path, plan='combinations = ["bce+adam"]\nvariants = ["float32", "int8-ptq"]')
    assert {claim.verdict for claim in claims} == {"cannot tell"}
    assert claims[ADAGRAD].evidence == ("There is no float32 of bce+adagrad in this study.",)
    assert claims[QUANTIZED].evidence == ("There is no int8-qat beside float32 in this study.",)
    assert claims[BATCH].evidence == ("There is no int8-qat with another batch size in this study.",)


def test_adagrads_evidence_is_of_each_variant_by_its_whole_name(tmp_path):
    """`int8-ptq` is the end of `pruned-int8-ptq`, where another optimizer may be the nearest."""

    def hits(combination, _seed, step):
        points = {"bce+adagrad": -30, "bce+nadam": -9 if step == "int8-ptq" else -5}.get(combination, 0)
        points -= 15 if (combination, step) == ("bce+rmsprop", "pruned-int8-ptq") else 0
        return [hit + points for hit in IMAGES]

    plan = 'variants = ["float32", "int8-ptq", "pruned-int8-ptq"]\n[extra_seeds]\n"bce+adam" = [1, 2]'
    evidence = judge(tmp_path, hits, plan=plan)[ADAGRAD].evidence
    assert [sentence.partition(":")[0] for sentence in evidence] == [
        "nadam less adagrad, float32",
        "nadam less adagrad, int8-ptq",
        "rmsprop less adagrad, pruned-int8-ptq",
    ]


def test_the_evidence_names_the_network_that_loses_most(tmp_path):
    hits = changed(("dice-bce+adam",), ("int8-ptq",), -2)
    evidence = judge(tmp_path, hits)[QUANTIZED].evidence[0]
    assert "the most is lost by dice-bce+adam_seed0, -2.00 points (-2.00 to -2.00), -2.33% of its" in evidence
    assert "1 of 10 lose more than 0.5 points" in evidence
