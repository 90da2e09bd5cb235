"""The envelope kernel against exact arithmetic, against linear programs, and its invariants."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from licoat.structures import MissingDataError, PhaseTable, parse_formula
from licoat.structures.phases.provenance import Manifest
from licoat.thermo.hull import titrate, titrate_many

EXACT = 1e-7  # eV; energies of some 10 eV through one matrix inversion leave 1e-13, ties are merged at 1e-9
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
THOROUGH = settings(QUICK, max_examples=250)


def potential_curve(path, x):
    """Energy of equilibrium at contents x above the host's own, flat (metal left over) beyond the end."""
    return np.interp(x, path.anode_atoms, path.energy_ev_per_fu)


def content(phases, path, kink, symbol):
    rows, amounts = path.products[kink]
    return sum(a * parse_formula(phases.text("formula")[r]).get(symbol, 0) for r, a in zip(rows, amounts, strict=True))


def check_invariants(phases, path, host, anode="Li"):
    """Invariants 1 and 2 of the kernel: order, convexity, mass and energy balance of every kink."""
    x, energy, potential = path.anode_atoms, path.energy_ev_per_fu, path.potential_ev
    assert len(x) == len(energy) == len(path.products) == len(potential) + 1
    assert x[0] == 0.0
    assert (np.diff(x) > 0).all()
    assert (potential < 0).all()
    assert (np.diff(potential) > 0).all()  # G is convex
    np.testing.assert_allclose(np.diff(energy), potential * np.diff(x), atol=EXACT)
    closed = [symbol for symbol in host if symbol != anode]
    for kink, (rows, amounts) in enumerate(path.products):
        assert (amounts > 0).all()
        assert len(set(rows.tolist())) == len(rows)
        for symbol in closed:
            assert content(phases, path, kink, symbol) == pytest.approx(host[symbol], abs=1e-6)
        total = content(phases, path, kink, anode)
        assert total == pytest.approx(x[kink] + host.get(anode, 0), abs=1e-6)
        own = phases.column("formation_energy_ev_per_atom")[rows] * phases.atoms[rows]
        assert float(own @ amounts) == pytest.approx(energy[kink], abs=EXACT)


def linear_program(counts, energies, amounts):
    """Least energy of a mixture, and the dual potentials of the elements, by an independent solver."""
    result = linprog(np.array(energies, float), A_eq=np.array(counts, float).T, b_eq=np.array(amounts, float))
    assert result.status == 0, result.message
    return result.fun, result.eqlin.marginals


class TestAgainstExactArithmetic:
    @THOROUGH
    @given(data=st.data())
    def test_random_tables_with_two_closed_elements_give_the_lower_hull_of_all_pairs(self, data, systems, pairs_path):
        system = data.draw(systems((2, 2)))
        phases = system.table()
        found = titrate(phases, system.host_formula)
        check_invariants(phases, found, parse_formula(system.host_formula))
        expected = pairs_path(system.counts, system.energies, system.host)
        x = np.array([float(x) for x, _ in expected])
        energy = np.array([float(g) for _, g in expected])
        np.testing.assert_allclose(potential_curve(found, x), energy, atol=EXACT)
        np.testing.assert_allclose(np.interp(found.anode_atoms, x, energy), found.energy_ev_per_fu, atol=EXACT)
        slopes = np.diff(energy) / np.diff(x)
        if (np.diff(slopes, append=0.0) > 1e-6).all() and (np.diff(x) > 1e-5).all():  # no kink too faint to tell
            np.testing.assert_allclose(found.anode_atoms, x, atol=EXACT)
            np.testing.assert_allclose(found.potential_ev, slopes, atol=EXACT)

    def test_every_binary_oxide_of_the_embedded_table(self, builtin, pairs_path):
        builtin = builtin.with_products("all")
        oxides = [
            f
            for f in builtin.formulas
            if "O" in parse_formula(f) and "Li" not in parse_formula(f) and len(parse_formula(f)) == 2
        ]
        assert len(oxides) > 100
        for oxide, found in zip(oxides, titrate_many(builtin, oxides), strict=True):
            host = parse_formula(oxide)
            symbols = ("Li", *host)
            rows = [
                i for i, f in enumerate(builtin.text("formula")) if set(parse_formula(f)) <= set(symbols)
            ]  # every polymorph: the oracle finds the lowest by itself
            counts = [tuple(parse_formula(builtin.text("formula")[i]).get(s, 0) for s in symbols) for i in rows]
            energies = [
                Fraction(float(builtin.column("formation_energy_ev_per_atom")[i])) * sum(c)
                for i, c in zip(rows, counts, strict=True)
            ]
            expected = pairs_path(counts, energies, (0, *host.values()), tolerance=Fraction(1, 10**9))
            np.testing.assert_allclose(found.anode_atoms, [float(x) for x, _ in expected], atol=EXACT, err_msg=oxide)
            np.testing.assert_allclose(
                found.energy_ev_per_fu, [float(g) for _, g in expected], atol=EXACT, err_msg=oxide
            )
            check_invariants(builtin, found, host)

    @QUICK
    @given(energies=st.lists(st.integers(-6, 0), min_size=5, max_size=5), oxide=st.integers(-6, -1))
    def test_collinear_insertion_compounds_follow_the_convex_envelope(self, energies, oxide, make_table, pairs_path):
        # Li_x FeO2, x = 0..4, all on the line from the host to Li, with any whole-number energies.
        rows = [("Li", 0), ("Fe", 0), ("O2", 0), ("Li2O", oxide)]
        counts = [(1, 0, 0), (0, 1, 0), (0, 0, 2), (2, 0, 1)]
        for x, energy in enumerate(energies):
            rows.append((f"Li{x}FeO2" if x else "FeO2", energy))
            counts.append((x, 1, 2))
        phases = make_table(rows)
        for start in (0, 2):
            host = f"Li{start}FeO2" if start else "FeO2"
            found = titrate(phases, host)
            expected = pairs_path(counts, [Fraction(e) for _, e in rows], (start, 1, 2))
            np.testing.assert_allclose(found.anode_atoms, [float(x) for x, _ in expected], atol=EXACT)
            np.testing.assert_allclose(found.energy_ev_per_fu, [float(g) for _, g in expected], atol=EXACT)
            check_invariants(phases, found, parse_formula(host))


class TestCertificate:
    """Invariant 3: potentials of the elements that prove every plateau to be the equilibrium."""

    @QUICK
    @given(data=st.data())
    def test_no_phase_lies_below_the_plane_of_any_plateau(self, data, systems):
        system = data.draw(systems((1, 4)))
        phases = system.table()
        path = titrate(phases, system.host_formula)
        check_invariants(phases, path, parse_formula(system.host_formula))
        counts = np.array(system.counts, float)
        energies = np.array([float(e) for e in system.energies])
        for kink in range(len(path.potential_ev)):
            x = (path.anode_atoms[kink] + path.anode_atoms[kink + 1]) / 2
            amounts = np.array(system.host, float) + np.eye(len(system.host))[0] * x
            energy, y = linear_program(counts, energies, amounts)
            assert energy == pytest.approx(potential_curve(path, x), abs=1e-6)  # HiGHS works to 1e-7
            assert y[0] == pytest.approx(path.potential_ev[kink], abs=1e-6)
            assert (counts @ y <= energies + 1e-6).all()
            for rows, _ in path.products[kink : kink + 2]:
                used = [int(phases.text("phase_id")[r][1:]) for r in rows]
                np.testing.assert_allclose(counts[used] @ y, energies[used], atol=1e-6)

    @QUICK
    @given(data=st.data())
    def test_the_end_of_the_path_is_the_equilibrium_with_plenty_of_metal(self, data, systems):
        system = data.draw(systems((1, 4)))
        path = titrate(system.table(), system.host_formula)
        far = np.array(system.host, float) + np.eye(len(system.host))[0] * 10_000
        energy, _ = linear_program(system.counts, [float(e) for e in system.energies], far)
        assert path.energy_ev_per_fu[-1] == pytest.approx(energy, abs=1e-6)

    @QUICK
    @given(data=st.data())
    def test_the_start_of_the_path_is_the_equilibrium_of_the_host_alone(self, data, systems):
        system = data.draw(systems((1, 4)))
        path = titrate(system.table(), system.host_formula)
        energy, _ = linear_program(system.counts, [float(e) for e in system.energies], system.host)
        assert path.energy_ev_per_fu[0] == pytest.approx(energy, abs=1e-6)


class TestInvariance:
    @QUICK
    @given(data=st.data(), times=st.integers(2, 5))
    def test_a_multiple_of_the_host_multiplies_amounts_and_keeps_potentials(self, data, times, systems):
        system = data.draw(systems((2, 3)))
        phases = system.table()
        once = titrate(phases, system.host_formula)
        written = "".join(f"{s}{n * times}" for s, n in zip(system.symbols, system.host, strict=True) if n)
        more = titrate(phases, written)
        np.testing.assert_allclose(more.anode_atoms, once.anode_atoms * times, atol=EXACT)
        np.testing.assert_allclose(more.energy_ev_per_fu, once.energy_ev_per_fu * times, atol=EXACT)
        np.testing.assert_allclose(more.potential_ev, once.potential_ev, atol=EXACT)

    @QUICK
    @given(data=st.data())
    def test_order_of_the_table_changes_nothing(self, data, systems):
        system = data.draw(systems((2, 3)))
        order = data.draw(st.permutations(range(len(system.counts))))
        assert_same(titrate(system.table(), system.host_formula), titrate(system.table(order), system.host_formula))

    @QUICK
    @given(data=st.data(), gap=st.sampled_from([Fraction(0), Fraction(1, 1000), Fraction(5)]))
    def test_a_phase_on_or_above_the_hull_changes_no_energy(self, data, gap, systems):
        system = data.draw(systems((2, 3)))
        before = titrate(system.table(), system.host_formula)
        picked = data.draw(st.lists(st.integers(0, len(system.counts) - 1), min_size=2, max_size=3))
        counts = tuple(np.sum([system.counts[i] for i in picked], axis=0).tolist())
        energy = sum(system.energies[i] for i in picked) + gap  # a mixture of phases: never below the hull
        more = type(system)(system.symbols, [*system.counts, counts], [*system.energies, energy], system.host)
        assert_same(before, titrate(more.table(), system.host_formula))

    @QUICK
    @given(data=st.data(), drop=st.integers(1, 20))
    def test_lowering_a_phase_never_raises_the_energy_anywhere(self, data, drop, systems):
        system = data.draw(systems((2, 3)))
        compounds = [i for i, c in enumerate(system.counts) if sum(n > 0 for n in c) > 1]
        if not compounds:
            return
        which = data.draw(st.sampled_from(compounds))
        lowered = [e - (drop if i == which else 0) for i, e in enumerate(system.energies)]
        before = titrate(system.table(), system.host_formula)
        after = titrate(system.table(energies=lowered), system.host_formula)
        x = np.union1d(before.anode_atoms, after.anode_atoms)
        assert (potential_curve(after, x) <= potential_curve(before, x) + EXACT).all()

    @QUICK
    @given(data=st.data())
    def test_total_energies_with_any_reference_of_the_elements_give_the_same_path(self, data, systems):
        system = data.draw(systems((2, 3)))
        size = len(system.symbols)
        shift = data.draw(st.lists(st.integers(-20, 20), min_size=size, max_size=size))
        per_atom = [
            float((e + sum(a * b for a, b in zip(c, shift, strict=True))) / sum(c))
            for c, e in zip(system.counts, system.energies, strict=True)
        ]
        columns = {
            "phase_id": [f"p{i}" for i in range(len(per_atom))],
            "formula": system.formulas,
            "energy_ev_per_atom": per_atom,
        }
        shifted = PhaseTable(columns, Manifest(source="shifted", scheme="random"))
        assert_same(titrate(system.table(), system.host_formula), titrate(shifted, system.host_formula))

    @QUICK
    @given(data=st.data())
    def test_many_hosts_at_once_are_answered_like_each_alone(self, data, systems):
        system = data.draw(systems((2, 3)))
        phases = system.table()
        hosts = [system.host_formula, "FeO", "O2", "Fe2O3", "Fe", "LiFeO2"]
        for host, path in zip(hosts, titrate_many(phases, hosts), strict=True):
            assert_same(path, titrate(phases, host))


def assert_same(first, second):
    """Compare two paths of one host: energies everywhere, kinks where they are sharp enough to be one thing."""
    x = np.union1d(first.anode_atoms, second.anode_atoms)
    np.testing.assert_allclose(potential_curve(first, x), potential_curve(second, x), atol=EXACT)
    sharp = np.diff(first.potential_ev, append=0.0) > 1e-6
    if sharp.all() and (np.diff(first.anode_atoms) > 1e-5).all():
        np.testing.assert_allclose(first.anode_atoms, second.anode_atoms, atol=EXACT)
        np.testing.assert_allclose(first.potential_ev, second.potential_ev, atol=EXACT)


class TestSpecialTables:
    def test_a_system_of_nothing_but_elements(self, make_table):
        phases = make_table([("Li", 0), ("Fe", 0), ("O2", 0), ("Sb", 0)])
        path = titrate(phases, "Fe2O3")
        assert path.anode_atoms.tolist() == [0.0]
        rows, amounts = path.products[0]
        assert {phases.text("formula")[r]: a for r, a in zip(rows, amounts, strict=True)} == {"Fe": 2.0, "O2": 1.5}

    def test_a_plateau_at_exactly_zero_volt_is_no_plateau(self, make_table):
        # LiFe and Li2Fe have the same energy: taking up the second Li gains nothing.
        phases = make_table([("Li", 0), ("Fe", 0), ("LiFe", -1), ("Li2Fe", -1)])
        path = titrate(phases, "Fe")
        assert path.anode_atoms.tolist() == pytest.approx([0.0, 1.0])
        assert path.potential_ev.tolist() == pytest.approx([-1.0])

    @pytest.mark.parametrize("energy", [0.0, 1.0])
    def test_an_alloy_that_is_not_stable_is_not_formed(self, make_table, energy):
        phases = make_table([("Li", 0), ("Fe", 0), ("Li2Fe", energy)])
        assert titrate(phases, "Fe").anode_atoms.tolist() == [0.0]

    def test_plateaus_of_equal_voltage_are_one(self, make_table):
        phases = make_table([("Li", 0), ("Fe", 0), ("LiFe", -1), ("Li2Fe", -2), ("Li3Fe", -3)])
        path = titrate(phases, "Fe")
        assert path.anode_atoms.tolist() == pytest.approx([0.0, 3.0])
        assert path.potential_ev.tolist() == pytest.approx([-1.0])

    def test_plateaus_that_differ_by_a_microelectronvolt_are_two(self, make_table):
        phases = make_table([("Li", 0), ("Fe", 0), ("LiFe", -1.000001), ("Li2Fe", -2)])
        path = titrate(phases, "Fe")
        assert path.anode_atoms.tolist() == pytest.approx([0.0, 1.0, 2.0])

    def test_equal_polymorphs_and_doubled_formulas_count_once(self, make_table):
        plain = [("Li", 0), ("Sb", 0), ("O2", 0), ("Sb2O3", -7), ("Li3Sb", -3), ("Li2O", -6)]
        doubled = [*plain, ("Sb2O3", -7), ("Sb4O6", -14), ("Li4O2", -12), ("Sb2O3", -6), ("Li", 0)]
        assert_same(titrate(make_table(plain), "Sb2O3"), titrate(make_table(doubled), "Sb2O3"))

    def test_the_hull_takes_the_lowest_polymorph(self, make_table):
        plain = [("Li", 0), ("Sb", 0), ("O2", 0), ("Sb2O3", -7), ("Li2O", -6)]
        path = titrate(make_table([*plain, ("Li3Sb", -2), ("Li3Sb", -3)]), "Sb2O3")
        assert path.energy_ev_per_fu[-1] == pytest.approx(-2 * 3 - 3 * 6)

    def test_a_host_that_is_no_phase_of_the_table_is_titrated_too(self, make_table):
        phases = make_table([("Li", 0), ("Sb", 0), ("O2", 0), ("Li2O", -6)])
        path = titrate(phases, "Sb2O3")
        assert path.anode_atoms.tolist() == pytest.approx([0.0, 6.0])
        assert path.energy_ev_per_fu.tolist() == pytest.approx([0.0, -18.0])

    def test_a_host_that_holds_more_metal_than_the_equilibrium_takes(self, make_table):
        phases = make_table([("Li", 0), ("Sb", 0), ("Li3Sb", -3), ("Li5Sb", 2)])
        path = titrate(phases, "Li5Sb")
        assert path.anode_atoms.tolist() == [0.0]
        assert path.energy_ev_per_fu.tolist() == pytest.approx([-3.0])
        assert content(phases, path, 0, "Li") == pytest.approx(5)

    def test_counts_of_a_hundred_and_fifty(self, make_table, pairs_path):
        rows = [("Li", 0), ("Fe", 0), ("O", 0), ("Li150Fe149O148", -300), ("Li149Fe150O150", -301), ("Li2O", -4)]
        counts = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (150, 149, 148), (149, 150, 150), (2, 0, 1)]
        found = titrate(make_table(rows), "Fe149O150")
        expected = pairs_path(counts, [Fraction(e) for _, e in rows], (0, 149, 150))
        np.testing.assert_allclose(found.anode_atoms, [float(x) for x, _ in expected], rtol=1e-9)
        np.testing.assert_allclose(found.energy_ev_per_fu, [float(g) for _, g in expected], rtol=1e-9)

    @pytest.mark.parametrize("missing", ["Li", "Sb", "O2"])
    def test_an_element_without_a_phase_is_named(self, make_table, missing):
        rows = [r for r in [("Li", 0), ("Sb", 0), ("O2", 0), ("Li2O", -6), ("Sb2O3", -7)] if r[0] != missing]
        with pytest.raises(MissingDataError, match=rf"no phase of the element {missing.rstrip('2')}\b"):
            titrate(make_table(rows), "Sb2O3")

    def test_an_element_that_is_nowhere_in_the_table_is_named(self, make_table):
        with pytest.raises(MissingDataError, match=r"elements (P, Fe|Fe, P)"):
            titrate(make_table([("Li", 0), ("O2", 0)]), "FePO4")

    def test_the_anode_metal_itself_is_refused(self, make_table):
        with pytest.raises(MissingDataError, match="the anode metal itself"):
            titrate(make_table([("Li", 0)]), "Li")

    def test_phases_without_an_energy_take_no_part(self, make_table):
        rows = [("Li", 0), ("Sb", 0), ("O2", 0), ("Li2O", -6), ("Li3Sb", float("nan"))]
        path = titrate(make_table(rows), "Sb2O3")
        assert path.energy_ev_per_fu[-1] == pytest.approx(-18.0)

    def test_another_anode_metal_counts_its_own_atoms(self, make_table):
        phases = make_table([("Mg", 0), ("O2", 0), ("Sb", 0), ("MgO", -6), ("Mg3Sb2", -3), ("Sb2O3", -7)])
        path = titrate(phases, "Sb2O3", "Mg")
        assert path.anode_atoms.tolist() == pytest.approx([0.0, 3.0, 6.0])
        assert path.potential_ev.tolist() == pytest.approx([-(3 * 6 - 7) / 3, -3 / 3])
