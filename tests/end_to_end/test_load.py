"""A computer that cannot fuse all images: what is published is fresh, and the status says what is not."""

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus

from tests.helpers.campaign import campaign
from tests.helpers.driver import QuietGraph, drive

SLOW = {"engine": "eager", "threads": 1}


def fusion_entries(graph):
    return [entry for array in graph.diagnostics for entry in array.status if entry.name.endswith(": fusion")]


def test_dropped_pairs_are_named_with_figures_and_the_cure(tmp_path):
    with QuietGraph(tmp_path) as graph:
        graph.start_fusion(**SLOW, max_latency=60.0)
        drive(graph, "reliable", rate=60, seconds=8)
        said = [s for s in graph.seen["status"] if s.state == s.DEGRADED and "images a second: set model" in s.message]
        assert said, {(s.state, s.message) for s in graph.seen["status"]}
        dropped = said[-1].pairs_dropped / (said[-1].pairs_dropped + said[-1].pairs_fused)
        assert dropped > 0.1 and "fusing " in said[-1].message
        levels = {entry.level for entry in fusion_entries(graph) if "images a second: set model" in entry.message}
        assert levels == {DiagnosticStatus.WARN}
        # Newest first: however many are dropped, what is fused is not old.
        latencies = [s.latency_ms for s in said]
        fusion = [s.conversion_ms + s.fusion_ms + s.publish_ms for s in said]
        assert np.median(latencies) < 2 * 1000 / 60 + 2 * np.median(fusion) + 100


def test_a_rate_that_it_can_keep_is_all_well(tmp_path):
    with QuietGraph(tmp_path) as graph:
        graph.start_fusion(rate=5.0, max_latency=5.0)
        drive(graph, "reliable", rate=30, seconds=5)
        said = {s.message for s in graph.seen["status"] if s.state == s.DEGRADED}
        assert not any("fusing" in message for message in said), said
        status = graph.seen["status"][-1]
        assert 20 <= status.pairs_fused <= 30 and status.pairs_skipped > 90


@campaign
def test_an_age_above_max_latency_is_named(tmp_path):
    with QuietGraph(tmp_path) as graph:
        graph.start_fusion(**SLOW, max_latency=0.001, max_drop_share=1.0)
        drive(graph, "reliable", rate=5, seconds=4)
        said = [s.message for s in graph.seen["status"] if s.state == s.DEGRADED]
        assert any("s old, and max_latency is 0.001 s" in message for message in said), said
