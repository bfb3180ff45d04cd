#!/usr/bin/env python3
"""The arithmetic between samples and verdicts, with samples made up for it."""

import unittest

import bars
import measure
import report
import workloads
from measure import Trouble
from sides import Peer


def samples(*seconds, **details):
    return [{"seconds": value, "wall": value, **details} for value in seconds]


def recorded(*seconds, **details):
    counts = {"seen": 1000, "stored": 900, "rows": 900, "merged": 0, "filtered": 100, "lost": 0, "disk_bytes": 500, "peak_rss": 1}
    return samples(*seconds, **(counts | details))


def results(name="find", **of_sides):
    workload = next(each for each in workloads.ALL if each.name == name)
    return {"workloads": {name: measure.measured(workload, workload.units, of_sides)}, "skipped": {}, "peers": {}}


class Measure(unittest.TestCase):
    def test_added_is_the_median_of_differences_within_a_round(self):
        # The machine was slow in the second round. The difference of the medians would be 0.
        found = measure.summary(samples(2, 11, 3), samples(1, 10, 3))
        self.assertEqual(found["added"], 1)
        self.assertAlmostEqual(found["percent"], 100 / 3)

    def test_losses_of_a_single_round_stay(self):
        of_side = recorded(2, 2, 2)
        of_side[1] |= {"lost": 7, "lost_ring": 7}
        found = measure.summary(of_side, samples(1, 1, 1))
        self.assertEqual((found["lost"], found["lost_ring"]), (7, 7))

    def test_throughput_is_told_for_its_own_units(self):
        found = results("nginx", alone=samples(1), pair=samples(1.5))["workloads"]["nginx"]
        self.assertAlmostEqual(found["sides"]["pair"]["added_per_unit"], 0.5 / 100_000)

    def test_a_pair_that_costs_nothing_makes_no_ratio(self):
        found = results(alone=samples(1), pair=samples(0.9), causal=recorded(1.1))["workloads"]["find"]
        self.assertNotIn("times_pair", found["sides"]["causal"])


class Bars(unittest.TestCase):
    def test_the_larger_limit_holds(self):
        for causal, verdict in ((1.19, "PASS"), (1.21, "FAIL")):  # 2 × 0.1 s is more than 4 % of 1 s
            text, found = bars.against_pair(results(alone=samples(1), pair=samples(1.1), causal=recorded(causal)), "find", "causal", 2, 4)
            self.assertEqual(found, verdict, text)
        for causal, verdict in ((1.039, "PASS"), (1.041, "FAIL")):  # 4 % of 1 s is more than 2 × 0.01 s
            text, found = bars.against_pair(results(alone=samples(1), pair=samples(1.01), causal=recorded(causal)), "find", "causal", 2, 4)
            self.assertEqual(found, verdict, text)

    def test_a_loss_fails_where_none_is_allowed(self):
        found = results("io", alone=samples(1), pair=samples(2), full=recorded(2, lost=1))
        self.assertEqual(bars.against_pair(found, "io", "full", 7, no_loss=True)[1], "FAIL")

    def test_disk_is_bytes_per_seen_call_over_all(self):
        self.assertEqual(bars.disk(results(alone=samples(1), causal=recorded(1)))[1], "PASS")
        self.assertEqual(bars.disk(results(alone=samples(1), causal=recorded(1, disk_bytes=1001)))[1], "FAIL")

    def test_what_was_not_measured_is_not_passed(self):
        verdicts = {bar["verdict"] for bar in bars.all_bars({"workloads": {}, "skipped": {}})}
        self.assertEqual(verdicts, {"–"})

    def test_calls_that_were_made_but_not_seen_fail_the_soak(self):
        soak = {"lost": 0, "seen": 9, "seconds": 60, "per_second": 1, "calls_made": 10, "children_made": 1, "unseen": 1}
        self.assertEqual(bars.soak({"soak": soak})[1], "FAIL")
        self.assertEqual(bars.soak({"soak": soak | {"seen": 10, "unseen": 0}})[1], "PASS")


class Rounds(unittest.TestCase):
    def test_a_peer_that_fails_is_left_out_and_named(self):
        class Alone:
            name = title = "alone"

        class Broken(Peer):
            name = title = "broken"

        def one_run(_folder, _workload, side, _units):
            if side.name == "broken":
                raise Trouble("it broke")
            return {"seconds": 1, "wall": 1}

        real, measure.one_run, real_say, measure.say = measure.one_run, one_run, measure.say, lambda _: None
        try:
            found, failed = measure.rounds(None, workloads.ALL[0], [Alone(), Broken(None)], 3, 1)
        finally:
            measure.one_run, measure.say = real, real_say
        self.assertEqual({name: len(of_side) for name, of_side in found.items()}, {"alone": 3})
        self.assertEqual(failed, {"broken: io": "it broke"})


class Report(unittest.TestCase):
    def test_durations_read_well(self):
        self.assertEqual([report.duration(value) for value in (18.8, 0.0015, -3e-6, 4e-8)], ["18.8 s", "1.5 ms", "-3 µs", "40 ns"])


if __name__ == "__main__":
    unittest.main()
