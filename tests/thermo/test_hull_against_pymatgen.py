"""Every oxide of the embedded table against pymatgen: break points, potentials, products, energies, end states.

pymatgen gets total energies and finds its own references, so formation energies are checked as well.
"""

import warnings
from functools import cache

import numpy as np
import pytest
from pymatgen.analysis.interface_reactions import InterfacialReactivity
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.analysis.reaction_calculator import ComputedReaction
from pymatgen.core import Composition, Element
from pymatgen.entries.computed_entries import ComputedEntry

from licoat.structures import load_phases, parse_formula
from licoat.thermo import lithiate_many
from licoat.thermo.hull import titrate, titrate_many

CLOSE = 1e-6  # eV and atoms: what the project promises
PHASES = load_phases("builtin", scheme="mp2020").with_products("all")
LITHIUM = Composition("Li")


def hosts(*, lithium):
    """Oxides of one other element by that element; with lithium or without."""
    found = {}
    for formula in PHASES.formulas:
        elements = set(parse_formula(formula))
        others = elements - {"Li", "O"}
        if "O" in elements and len(others) == 1 and ("Li" in elements) == lithium:
            found.setdefault(others.pop(), []).append(formula)
    return found


OXIDES = hosts(lithium=False)
TERNARIES = hosts(lithium=True)
SYSTEMS = sorted(OXIDES.keys() | TERNARIES.keys())


def entries_of(elements):
    for phase in PHASES:
        if set(parse_formula(phase.formula)) <= set(elements):
            atoms = Composition(phase.formula).num_atoms
            yield ComputedEntry(Composition(phase.formula), phase.energy_ev_per_atom * atoms, entry_id=phase.phase_id)


@cache
def diagram(element):
    return PhaseDiagram(list(entries_of({"Li", "O", element})))


@cache
def entry(phase_id):
    phase = PHASES[phase_id]
    composition = Composition(phase.formula)
    return ComputedEntry(composition, phase.energy_ev_per_atom * composition.num_atoms, entry_id=phase_id)


def amounts_at(diagram_, composition):
    """Equilibrium at a composition: reduced composition to formula units."""
    return {
        e.composition.reduced_composition: share * composition.num_atoms / e.composition.reduced_composition.num_atoms
        for e, share in diagram_.get_decomposition(composition).items()
        if share > 1e-8
    }


def formation_energy(diagram_, composition):
    references = sum(n * diagram_.el_refs[el].energy_per_atom for el, n in composition.items())
    return diagram_.get_hull_energy(composition) - references


def pymatgen_path(diagram_, host):
    """Kinks above the host's own lithium, and the potential of every plateau, lithium-poor first."""
    composition = Composition(host)
    profile = sorted(diagram_.get_element_profile(Element("Li"), composition), key=lambda p: p["evolution"])
    metal = diagram_.el_refs[Element("Li")].energy_per_atom
    x = np.array([p["evolution"] for p in profile])
    after = np.array([p["chempot"] for p in profile]) - metal
    # The potential after the last kink is that of the metal: the path ends there.
    assert after[-1] == pytest.approx(0.0, abs=CLOSE)
    above = x > CLOSE
    start = np.flatnonzero(~above)
    potentials = [*after[start[-1:]], *after[above]][:-1] if above.any() else []
    return np.array([0.0, *x[above]]), np.array(potentials)


def compare_path(diagram_, host, found):
    x, potential = pymatgen_path(diagram_, host)
    np.testing.assert_allclose(found.anode_atoms, x, atol=CLOSE, err_msg=host)
    np.testing.assert_allclose(found.potential_ev, potential, atol=CLOSE, err_msg=host)
    for k, (rows, amounts) in enumerate(found.products):
        composition = Composition(host) + LITHIUM * float(found.anode_atoms[k])
        energy = formation_energy(diagram_, composition)
        assert found.energy_ev_per_fu[k] == pytest.approx(energy, abs=CLOSE), host
        products = {
            Composition(PHASES.text("formula")[r]).reduced_composition: a
            * Composition(PHASES.text("formula")[r]).num_atoms
            / Composition(PHASES.text("formula")[r]).reduced_composition.num_atoms
            for r, a in zip(rows, amounts, strict=True)
        }
        expected = amounts_at(diagram_, composition)
        assert products.keys() == expected.keys(), f"{host} at {found.anode_atoms[k]}"
        for name, amount in expected.items():
            assert products[name] == pytest.approx(amount, abs=CLOSE)


def test_the_table_has_the_oxides_that_these_tests_are_about():
    assert sum(map(len, OXIDES.values())) >= 130
    assert sum(map(len, TERNARIES.values())) >= 140


@pytest.mark.parametrize("element", sorted(OXIDES))
def test_path_of_every_binary_oxide(element):
    for host, found in zip(OXIDES[element], titrate_many(PHASES, OXIDES[element]), strict=True):
        compare_path(diagram(element), host, found)


@pytest.mark.parametrize("element", sorted(TERNARIES))
def test_path_of_every_ternary_lithium_oxide(element):
    for host, found in zip(TERNARIES[element], titrate_many(PHASES, TERNARIES[element]), strict=True):
        compare_path(diagram(element), host, found)


@pytest.mark.parametrize("host", ["O2", "Li2O2", "Li2O", "Sb", "Sn", "Si", "Al", "Fe", "C", "Li3Sb", "LiAl"])
def test_path_of_elements_alloys_and_oxides_of_lithium(host):
    elements = {"Li", *parse_formula(host)}
    compare_path(PhaseDiagram(list(entries_of(elements))), host, titrate(PHASES, host))


@pytest.mark.parametrize("element", SYSTEMS)
def test_end_state_is_the_equilibrium_with_plenty_of_lithium(element):
    """The decomposition of oxide + 1000 Li, lithium left out, whatever path leads there."""
    names = [*OXIDES.get(element, []), *TERNARIES.get(element, [])]
    for host, path in zip(names, lithiate_many(names, PHASES), strict=True):
        expected = amounts_at(diagram(element), Composition(host) + LITHIUM * 1000)
        expected.pop(LITHIUM, None)
        products = (
            {path.oxide: 1.0}
            if path.is_inert and not path.final.coefficients
            else {s.formula: s.amount for s in path.final.products}
        )
        reduced = {
            Composition(f).reduced_composition: n
            * Composition(f).num_atoms
            / Composition(f).reduced_composition.num_atoms
            for f, n in products.items()
        }
        assert reduced.keys() == expected.keys(), host
        for name, amount in expected.items():
            # shares of 1000 atoms are known to 1e-12
            assert reduced[name] == pytest.approx(amount, abs=CLOSE), host


def kinks(reactivity, atoms):
    """Lithium and energy per formula unit at every kink; x is a ratio of compositions scaled to one atom."""
    for _, ratio, energy, _, _ in reactivity.get_kinks():
        if ratio < 1 - 1e-9:
            yield ratio / (1 - ratio) * atoms, energy / (1 - ratio) * atoms


@pytest.mark.parametrize("element", sorted(OXIDES))
def test_reaction_energies_of_every_binary_oxide_against_interfacial_reactivity(element):
    pd = diagram(element)
    lowest = {f: PHASES.text("phase_id")[PHASES.rows_of(f)[0]] for f in OXIDES[element]}
    paths = lithiate_many(OXIDES[element], PHASES, phase_ids=lowest)
    for host, path in zip(OXIDES[element], paths, strict=True):
        composition = Composition(host)
        formation = PHASES[lowest[host]].formation_energy_ev_per_atom
        assert formation < 0.0  # above 0 pymatgen would silently take the hull instead (KERNEL, pitfall 1)
        reached = np.array([0.0, *(stage.anode_atoms_to for stage in path.stages)])
        gained = np.cumsum([0.0, *(stage.energy_ev_per_fu for stage in path.stages)])
        for hull in (False, True):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                reactivity = InterfacialReactivity(LITHIUM, composition, pd, norm=True, use_hull_energy=hull)
            expected = sorted(kinks(reactivity, composition.num_atoms))
            expected = [(x, e) for x, e in expected if x < reached[-1] + CLOSE]
            np.testing.assert_allclose([x for x, _ in expected], reached, atol=CLOSE, err_msg=host)
            own = 0.0 if hull else path.decomposition_energy_ev_per_fu
            np.testing.assert_allclose([e for _, e in expected], gained + own, atol=CLOSE, err_msg=host)


@pytest.mark.parametrize("element", SYSTEMS)
def test_energy_of_the_whole_reaction_against_computed_reaction(element):
    names = [*OXIDES.get(element, []), *TERNARIES.get(element, [])]
    for host, path in zip(names, lithiate_many(names, PHASES), strict=True):
        final = path.final
        if not final.coefficients:
            assert final.energy_ev_per_fu == 0.0
            continue
        lowest = {f: entry(PHASES.text("phase_id")[PHASES.rows_of(f)[0]]) for f in final.coefficients}
        lowest[host] = entry(path.phase_id)
        reaction = ComputedReaction(
            [lowest[s.formula] for s in final.reactants], [lowest[s.formula] for s in final.products]
        )
        reaction.normalize_to(Composition(host))
        assert final.energy_ev_per_fu == pytest.approx(reaction.calculated_reaction_energy, abs=CLOSE), host
        for species in final.species:
            coefficient = reaction.get_coeff(Composition(species.formula))
            assert species.amount == pytest.approx(coefficient, abs=CLOSE), host
