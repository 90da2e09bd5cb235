"""Which phase reacts: the observed one; which the hull uses: the lowest; what another choice would change."""

import pytest

from licoat.structures import MissingDataError, PhaseTable, parse_formula
from licoat.structures.phases.facts import observed_phase, same_space_group
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate, lithiate_many, react
from licoat.thermo.hull import titrate

EXACT = 1e-9


def lowest(table, formula):
    return table.text("phase_id")[table.rows_of(formula)[0]]


class TestObservedPolymorph:
    @pytest.mark.parametrize(
        ("oxide", "observed", "below"),
        [("Sb2O3", "Fd-3m", "Pccn"), ("CoO", "Fm-3m", "P6_3mc")],
    )
    @pytest.mark.parametrize("table", ["builtin", "raw"])
    def test_reacts_although_another_is_lower(self, request, table, oxide, observed, below):
        phases = request.getfixturevalue(table)
        path = lithiate(oxide, phases)
        assert phases[path.phase_id].space_group == observed
        assert phases[lowest(phases, oxide)].space_group == below
        assert path.phase_choice.startswith("observed at room temperature")
        assert path.decomposition_energy_ev_per_fu < 0
        gap = (
            phases[path.phase_id].formation_energy_ev_per_atom
            - phases.column("formation_energy_ev_per_atom")[phases.rows_of(oxide)[0]]
        )
        atoms = sum(parse_formula(oxide).values())
        # the transformation, and more where the lower polymorph is not stable either
        assert gap > 0
        assert path.decomposition_energy_ev_per_fu <= -gap * atoms + EXACT

    @pytest.mark.parametrize(("oxide", "group"), [("GeO2", {152, 154}), ("As2O5", {19}), ("Nd2O3", {164})])
    def test_it_has_its_own_structure(self, builtin, oxide, group):
        path = lithiate(oxide, builtin)
        assert path.phase_choice.startswith("observed at room temperature")
        assert builtin[path.phase_id].space_group_number in group
        assert builtin[path.phase_id].polymorph == observed_phase(oxide).key

    @pytest.mark.parametrize(
        ("oxide", "relaxed"), [("CuO", "P4_2/mmc"), ("AgO", "P4_2/mmc"), ("MoO2", "P4_2/mnm"), ("WO2", "P4_2/mnm")]
    )
    def test_what_the_potential_cannot_hold_keeps_its_name_and_says_so(self, builtin, oxide, relaxed):
        path = lithiate(oxide, builtin)
        assert builtin[path.phase_id].polymorph == observed_phase(oxide).key
        assert path.phase_choice.startswith("observed at room temperature")
        assert path.phase_choice.endswith(f"which this method relaxes to {relaxed})")

    def test_a_chosen_phase_is_told_as_chosen(self, builtin):
        by_itself = lithiate("CoO", builtin)
        chosen = lithiate("CoO", builtin, phase_id=lowest(builtin, "CoO"))
        assert chosen.phase_choice == f"chosen; by itself {by_itself.phase_id} would react: {by_itself.phase_choice}"
        assert lithiate("CoO", builtin, phase_id=by_itself.phase_id).phase_choice == by_itself.phase_choice

    @pytest.mark.parametrize("oxide", ["Sb2O3", "CoO"])
    def test_the_hull_uses_the_lowest(self, builtin, oxide):
        found = titrate(builtin, oxide)  # both oxides are stable
        (row,), _ = found.products[0]
        assert builtin.text("phase_id")[row] == lowest(builtin, oxide)
        assert found.energy_ev_per_fu[0] == pytest.approx(builtin.energy_ev_per_fu[builtin.rows_of(oxide)[0]])

    def test_a_product_has_the_lowest_energy_and_the_observed_volume(self, builtin):
        found = react("Co + Li2O -> CoO + 2 Li", builtin)
        (species,) = (s for s in found.species if s.formula == "CoO")
        assert species.energy_phase_id == lowest(builtin, "CoO")
        assert species.space_group == "Fm-3m"
        assert species.volume_a3_per_fu == pytest.approx(2 * builtin[species.phase_id].volume_a3_per_atom, rel=EXACT)
        assert species.phase_id != species.energy_phase_id

    def test_measured_antimony_trioxide_is_senarmontite(self, measured):
        assert lithiate("Sb2O3", measured).phase_id == "Sb2O3-s"

    @pytest.mark.parametrize("table", ["builtin", "measured"])
    def test_every_oxide_with_the_observed_polymorph_in_the_table_reacts_as_that(self, request, table):
        phases = request.getfixturevalue(table)
        energy = phases.column("formation_energy_ev_per_atom")
        checked = 0
        names = [f for f in phases.formulas if "O" in parse_formula(f) and any(energy[phases.rows_of(f)] < 99)]
        for path in lithiate_many(names, phases):
            default = observed_phase(path.oxide)
            rows = [r for r in phases.rows_of(path.oxide) if energy[r] < 99]
            if default is None or len(rows) < 2:
                continue
            numbers = phases.integers("space_group_number")
            matching = [
                phases.text("phase_id")[r]
                for r in rows
                if same_space_group(int(numbers[r]), default.space_group_number)
                or phases.text("phase_id")[r] == default.key
            ]
            if matching:
                checked += 1
                assert path.phase_id in matching, path.oxide
                assert path.phase_choice.startswith("observed"), path.oxide
            else:
                assert path.phase_id == phases.text("phase_id")[rows[0]], path.oxide
        assert checked >= (20 if table == "builtin" else 2)

    def test_of_two_phases_with_the_observed_space_group_the_lower_one_reacts(self, make_table):
        rows = [("Li", 0), ("Co", 0), ("O2", 0), ("Li2O", -6), ("CoO", -2), ("CoO", -2.4), ("CoO", -3), ("LiCo", 1)]
        phases = make_table(rows, space_group_number=[229, 194, 12, 225, 225, 225, 186, 221])
        path = lithiate("CoO", phases)
        assert path.phase_id == "p5"
        assert path.final.energy_ev_per_fu == pytest.approx(-6 + 2.4)
        assert path.decomposition_energy_ev_per_fu == pytest.approx(-0.6)

    def test_without_space_groups_the_lowest_reacts(self, make_table):
        rows = [("Li", 0), ("Co", 0), ("O2", 0), ("Li2O", -6), ("CoO", -2), ("CoO", -3), ("LiCo", 1)]
        path = lithiate("CoO", make_table(rows))
        assert path.phase_id == "p5"
        assert path.phase_choice == "lowest in energy (structure unknown)"

    def test_an_observed_phase_without_an_energy_cannot_react(self, make_table):
        rows = [("Li", 0), ("Co", 0), ("O2", 0), ("Li2O", -6), ("CoO", float("nan")), ("CoO", -3), ("LiCo", 1)]
        path = lithiate("CoO", make_table(rows, space_group_number=[229, 194, 12, 225, 225, 186, 221]))
        assert path.phase_id == "p5"


class TestAlternatives:
    @pytest.mark.parametrize("table", ["builtin", "raw", "measured"])
    def test_they_are_what_the_other_choice_gives(self, request, table):
        phases = request.getfixturevalue(table)
        energy = phases.column("formation_energy_ev_per_atom")
        names = [f for f in phases.formulas if "O" in parse_formula(f) and sum(energy[phases.rows_of(f)] < 99) > 1]
        compared = 0
        for path in lithiate_many(names, phases):
            if path.is_inert:
                continue
            others = {phases.text("phase_id")[r] for r in phases.rows_of(path.oxide) if energy[r] < 99}
            assert {a.phase_id for a in path.alternatives} == others - {path.phase_id}
            for alternative in path.alternatives:
                chosen = lithiate(path.oxide, phases, phase_id=alternative.phase_id)
                compared += 1
                assert chosen.phase_id == alternative.phase_id
                assert alternative.energy_ev_per_fu == pytest.approx(chosen.final.energy_ev_per_fu, rel=EXACT)
                if chosen.final.volume_ratio_oxide is None:
                    assert alternative.volume_ratio_oxide is None
                else:
                    expected = pytest.approx(chosen.final.volume_ratio_oxide, rel=EXACT)
                    assert alternative.volume_ratio_oxide == expected
                assert alternative.space_group == phases[alternative.phase_id].space_group
                # the path with the metal is the same, only its start differs
                assert chosen.stages == path.stages
        assert compared >= (5 if table == "measured" else 50)

    def test_an_unknown_volume_stays_unknown(self, make_table):
        rows = [("Li", 0), ("Co", 0), ("O2", 0), ("Li2O", -6), ("CoO", -2), ("CoO", -3), ("LiCo", 1)]
        nan = float("nan")
        phases = make_table(
            rows,
            volume_a3_per_atom=[20.0, 11.0, 10.0, 8.0, nan, 9.0, 12.0],
            space_group_number=[229, 194, 12, 225, 225, 186, 221],
        )
        path = lithiate("CoO", phases)
        assert path.phase_id == "p4"
        assert path.final.volume_ratio_oxide is None
        (other,) = path.alternatives
        # its own volume is known, and so are those of the products
        assert other.volume_ratio_oxide == pytest.approx(
            lithiate("CoO", phases, phase_id="p5").final.volume_ratio_oxide
        )
        (back,) = lithiate("CoO", phases, phase_id="p5").alternatives
        assert back.volume_ratio_oxide is None


class TestOverride:
    def test_the_chosen_polymorph_reacts(self, builtin):
        phase_id = lowest(builtin, "Sb2O3")
        path = lithiate("Sb2O3", builtin, phase_id=phase_id)
        assert path.phase_id == phase_id
        assert path.final.phase_id == phase_id
        assert path.decomposition_energy_ev_per_fu == 0.0
        usual = lithiate("Sb2O3", builtin)
        assert path.final.energy_ev_per_fu > usual.final.energy_ev_per_fu
        volume = {p: builtin[p].volume_a3_per_atom for p in (phase_id, usual.phase_id)}
        ratio = path.final.volume_ratio_oxide / usual.final.volume_ratio_oxide
        assert ratio == pytest.approx(volume[usual.phase_id] / volume[phase_id], rel=EXACT)

    def test_a_phase_of_another_compound(self, builtin):
        with pytest.raises(MissingDataError, match="is CoO, not Sb2O3"):
            lithiate("Sb2O3", builtin, phase_id=lowest(builtin, "CoO"))

    @pytest.mark.parametrize("phase_id", ["mp-0", "", "Fd-3m"])
    def test_a_phase_that_does_not_exist(self, builtin, phase_id):
        with pytest.raises(MissingDataError, match=f"no phase '{phase_id}' in builtin"):
            lithiate("Sb2O3", builtin, phase_id=phase_id)

    def test_a_phase_of_another_table(self, builtin, measured):
        with pytest.raises(MissingDataError, match="in measured"):
            lithiate("Sb2O3", measured, phase_id=lowest(builtin, "Sb2O3"))

    def test_a_phase_without_an_energy_is_refused_by_name(self, measured):
        energy = measured.column("formation_energy_ev_per_atom")
        rows = [i for i in range(len(measured)) if energy[i] != energy[i]]
        names = [measured.text("phase_id")[i] for i in rows if set(parse_formula(measured.text("formula")[i])) - {"Li"}]
        assert names
        for phase_id in names:
            with pytest.raises(MissingDataError, match="no energy"):
                lithiate(measured[phase_id].formula, measured, phase_id=phase_id)

    def test_choices_for_many_may_be_written_in_any_way(self, builtin):
        phase_id = lowest(builtin, "Sb2O3")
        (path,) = lithiate_many(["Sb4O6"], builtin, phase_ids={"Sb4O6": phase_id})
        assert path.phase_id == phase_id

    def test_a_choice_for_an_oxide_that_is_not_asked_for_is_refused(self, builtin):
        with pytest.raises(MissingDataError, match="CoO"):
            lithiate_many(["Sb2O3"], builtin, phase_ids={"CoO": lowest(builtin, "CoO")})

    def test_identifiers_that_look_alike_are_not_mixed_up(self):
        columns = {
            "phase_id": ["Li", "O2", "Co", "Li2O", "CoO", "CoO ", "LiCo"],
            "formula": ["Li", "O2", "Co", "Li2O", "CoO", "CoO", "LiCo"],
            "formation_energy_ev_per_atom": [0, 0, 0, -2, -1.0, -1.5, 1.0],
        }
        phases = PhaseTable(columns, Manifest(source="test", scheme="test"))
        assert lithiate("CoO", phases, phase_id="CoO").final.energy_ev_per_fu == pytest.approx(-6 + 2)
        assert lithiate("CoO", phases, phase_id="CoO ").final.energy_ev_per_fu == pytest.approx(-6 + 3)
