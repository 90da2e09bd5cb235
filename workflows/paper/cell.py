"""Checks of the founding paper's lithium balance and cells (2.3.1, 2.4 and methods)."""

from licoat.structures.chemistry.formula import molar_mass_g
from licoat.workflows.layer import cell, loading
from licoat.workflows.paper.checks import PAPER, Context, Origin, PaperCheck, Standing, Values, arithmetic, measured

__all__ = ["CELL", "LITHIUM"]

MEASURED, ARITHMETIC = Origin.MEASURED, Origin.ARITHMETIC
PAPER_MAH_PER_CM2_UM = PAPER.thick_foil_mah_per_cm2 / PAPER.thick_foil_um
"""Capacity per thickness of lithium that the paper uses: 10 mAh/cm2 for 50 um."""
DEPOSITED_MAH_PER_CM2 = PAPER.deposited_ma_per_cm2 * PAPER.deposited_h
IRREVERSIBLE_MAH_PER_CM2 = DEPOSITED_MAH_PER_CM2 - PAPER.stripped_mah_per_cm2
DISK_CURRENT_MA, PLATING_H = 0.05, 62.0


def _excess(c: Context) -> Values:
    """Lithium of the thick foil over the cathode's capacity."""
    charges = {MEASURED: c.capacity_mah_per_cm2(PAPER.thick_foil_um), ARITHMETIC: PAPER.thick_foil_mah_per_cm2}
    return {s: cell.negative_to_positive_ratio(q, PAPER.cathode_mah_per_cm2) for s, q in charges.items()}


def _dense_oxide_um(c: Context, loading_mg_per_cm2: float) -> float:
    amount = loading.amount_mol_per_cm2(loading_mg_per_cm2, c.material.molar_mass_g)
    return loading.thickness_um(amount, c.volume_a3("Sb2O3", MEASURED))


def _sprayed_layer_um(c: Context) -> float:
    """Dense layer that the sprayed mass would become."""
    return PAPER.layer_um * PAPER.sprayed_mg_per_cm2 / c.layer_loading_mg_per_cm2(PAPER.layer_um)


LITHIUM: tuple[PaperCheck, ...] = (
    PaperCheck(
        "Li foil 15.5 um",
        lambda c: measured(c.capacity_mah_per_cm2(PAPER.thin_foil_um)),
        lambda c: f"The paper counts 0.2 mAh/cm2 per um; dense lithium has {c.capacity_mah_per_cm2(1.0):.3f}.",
        route=(MEASURED,),
    ),
    PaperCheck(
        "Li foil 50 um",
        lambda c: measured(c.capacity_mah_per_cm2(PAPER.thick_foil_um)),
        lambda c: f"2.9 % low: 10 mAh/cm2 are {c.lithium_um(10.0):.1f} um of dense lithium.",
        route=(MEASURED,),
    ),
    PaperCheck(
        "excess of 50 um Li over 2.7 mAh/cm2",
        _excess,
        "From the paper's 10 mAh/cm2; with that of dense lithium it is 3.8.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "Li stripped 5.182 mAh/cm2",
        lambda c: (
            measured(c.lithium_um(PAPER.stripped_mah_per_cm2))
            | arithmetic(PAPER.stripped_mah_per_cm2 / PAPER_MAH_PER_CM2_UM)
        ),
        lambda c: (
            "Follows from the paper's own 0.2 mAh/cm2 per um; dense lithium gives "
            f"{c.lithium_um(PAPER.stripped_mah_per_cm2):.1f} um, so 26 is 3 % high."
        ),
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "deposited capacity",
        lambda _: arithmetic(DEPOSITED_MAH_PER_CM2),
        "0.3 mA/cm2 for 20 h.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "irreversible capacity",
        lambda _: arithmetic(IRREVERSIBLE_MAH_PER_CM2),
        lambda _: (
            "Deposited minus stripped, "
            f"{100.0 * IRREVERSIBLE_MAH_PER_CM2 / DEPOSITED_MAH_PER_CM2:.1f} % of the charge; "
            "side reactions with the electrolyte are in it as well."
        ),
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "Sb2O3 converted by 0.818 mAh/cm2",
        lambda c: arithmetic(c.oxide_of_charge_mg_per_cm2(IRREVERSIBLE_MAH_PER_CM2)),
        lambda c: (
            f"{_dense_oxide_um(c, c.oxide_of_charge_mg_per_cm2(IRREVERSIBLE_MAH_PER_CM2)):.2f} um of dense oxide in a "
            "coating of about 5 um, if no charge went into side reactions: the coating is little more than a quarter "
            "dense, or only that share of it reacted."
        ),
    ),
    PaperCheck(
        "sprayed amount of Sb2O3",
        lambda c: measured(c.layer_loading_mg_per_cm2(PAPER.layer_um)),
        lambda c: (
            "The unit is lost in the text. 5 mg/cm2 would become "
            f"{_sprayed_layer_um(c):.0f} um of dense products and take "
            f"{c.layer_lithium_um(_sprayed_layer_um(c)):.0f} um of lithium, more than the thin "
            "foil has; a dense layer of 5 um takes the loading given here."
        ),
        route=(MEASURED,),
        reading=PAPER.sprayed_mg_per_cm2,
    ),
    PaperCheck(
        "Li consumed by a dense 4.5 um SCS",
        lambda c: measured(c.layer_lithium_um(PAPER.cell_layer_um)),
        lambda c: f"{100.0 * c.layer_lithium_um(PAPER.cell_layer_um) / PAPER.thin_foil_um:.0f} % of the 15.5 um foil.",
    ),
    PaperCheck(
        "Li plated per hour at 10 mA/cm2",
        lambda c: measured(c.lithium_um(10.0)),
        "10 mAh/cm2 of dense lithium; the paper's 0.2 mAh/cm2 per um makes it 50.",
        route=(MEASURED,),
        reading=50.0,
    ),
    PaperCheck(
        "foil thickness sum",
        lambda _: arithmetic(PAPER.cell_layer_um + PAPER.thin_foil_um),
        "Layer and foil of the full cell.",
        route=(ARITHMETIC,),
        reading=20.0,
    ),
    PaperCheck(
        "plating of the reference Li",
        lambda _: arithmetic(DISK_CURRENT_MA * PLATING_H),
        lambda _: (
            f"0.05 mA on a 12 mm disk give {DISK_CURRENT_MA * PLATING_H / PAPER.disk_cm2:.2f} mAh/cm2; the 3.1 mAh/cm2 "
            "of the coated foil need 0.05 mA/cm2, so current or current density is misprinted."
        ),
        holds=lambda _: abs(DISK_CURRENT_MA * PLATING_H / PAPER.disk_cm2 / PAPER.thin_foil_mah_per_cm2 - 1.0) < 0.03,
    ),
)
"""Lithium: thickness, charge and what the oxide takes."""


def _masses_mg_per_cm2(c: Context) -> tuple[float, float, float]:
    """Dense lithium of the thin foil, dense layer, copper foil."""
    amount = loading.amount_of_thickness_mol_per_cm2(PAPER.thin_foil_um, c.lithium_volume_a3)
    return (
        loading.mass_mg_per_cm2(amount, molar_mass_g("Li")),
        cell.film_mass_mg_per_cm2(PAPER.cell_layer_um, c.product_density_g_per_cm3),
        cell.film_mass_mg_per_cm2(PAPER.copper_um, cell.COPPER_DENSITY_G_PER_CM3),
    )


def _thickness_saving_percent(plated_um: float) -> float:
    """Coated foil against lithium plated on copper."""
    coated = PAPER.cell_layer_um + PAPER.thin_foil_um
    return 100.0 * cell.relative_saving(coated, PAPER.copper_um + plated_um)


def _mass_saving_percent(c: Context, *, layer: bool = True) -> float:
    lithium, film, copper = _masses_mg_per_cm2(c)
    return 100.0 * cell.relative_saving(lithium + (film if layer else 0.0), lithium + copper)


def _layer_mass_for_saving(c: Context, saving: float) -> float:
    """Mass of a layer in mg/cm2 that leaves a saving."""
    lithium, _, copper = _masses_mg_per_cm2(c)
    return (1.0 - saving) * (lithium + copper) - lithium


def _cycles(efficiency: float, reserve_mah_per_cm2: float = PAPER.thin_foil_mah_per_cm2) -> float:
    return cell.cycle_life(reserve_mah_per_cm2, PAPER.cathode_mah_per_cm2, efficiency)


def _implied_efficiency(cycles: float) -> float:
    """Coulombic efficiency of lithium at which the inventory lasts for a number of cycles."""
    from scipy.optimize import brentq

    return float(brentq(lambda efficiency: _cycles(efficiency) - cycles, 0.5, 1.0 - 1e-9, xtol=1e-12))


CELL: tuple[PaperCheck, ...] = (
    PaperCheck(
        "Li inventory ratio",
        lambda _: arithmetic(cell.negative_to_positive_ratio(PAPER.thin_foil_mah_per_cm2, PAPER.cathode_mah_per_cm2)),
        "Anode over cathode; the cathode brings its own lithium, so the cell holds 2.15 times what it cycles.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "competitive limit 3.5 x excess",
        lambda c: measured(c.lithium_um(3.5 * 3.0)),
        "3.5 times a cathode of 3 mAh/cm2 is the paper's limit of 50 um of lithium.",
        route=(MEASURED,),
        reading=50.0,
        unit="um",
    ),
    PaperCheck(
        "thickness saving",
        lambda _: arithmetic(_thickness_saving_percent(PAPER.porous_lithium_um)),
        lambda _: (
            "Against porous plated lithium; against dense lithium on the same copper it is "
            f"{_thickness_saving_percent(PAPER.thin_foil_um):.0f} %."
        ),
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "weight saving",
        lambda c: measured(_mass_saving_percent(c)),
        lambda c: (
            f"A dense layer of 4.5 um weighs {_masses_mg_per_cm2(c)[1]:.1f} mg/cm2, more than the lithium. 89 % would "
            f"allow it only {_layer_mass_for_saving(c, 0.89):.2f} mg/cm2; without any layer the saving is "
            f"{_mass_saving_percent(c, layer=False):.0f} %."
        ),
        route=(MEASURED,),
    ),
    PaperCheck(
        "0.5C current",
        lambda _: arithmetic(0.5 * PAPER.cathode_mah_per_cm2),
        "Half of 2.7 mAh/cm2 per hour; the paper cuts the last digit.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "1 mA/cm2 expressed as C-rate",
        lambda _: arithmetic(1.0 / PAPER.cathode_mah_per_cm2),
        "Between the rates of the two quoted loadings, 2.7 and 3 mAh/cm2.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "reference electrode thickness",
        lambda _: arithmetic(PAPER.copper_um + PAPER.thin_foil_um),
        "Copper and dense lithium; 30 um need plated lithium of 20 um, that is with 22 % pores.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "anode/cathode disk areas in Fig. S9",
        lambda _: arithmetic((PAPER.counter_disk_diameter_mm / PAPER.disk_diameter_mm) ** 2),
        "Ratio of the areas: the larger electrode overhangs.",
    ),
    PaperCheck(
        "average CE of Li@SCS cell vs its 60-cycle life",
        lambda _: arithmetic(_cycles(0.9939)),
        lambda _: (
            f"A loss of 0.61 % of the cathode's lithium per cycle would last {_cycles(0.9939):.0f} cycles to 80 %; 60 "
            f"cycles mean {100.0 * _implied_efficiency(60.0):.2f} %. The efficiency of the full cell is not that of "
            "lithium."
        ),
        route=(ARITHMETIC,),
        reading=60.0,
    ),
    PaperCheck(
        "same if no Li reserve existed",
        lambda _: arithmetic(_cycles(0.9939, 0.0)),
        "Cycles to 80 % without a reserve: fewer than the 60 seen, so the foil's lithium is what lasted.",
    ),
    PaperCheck(
        "bare Li: CE 96.08 % and <20 cycles",
        lambda _: arithmetic(_cycles(0.9608)),
        lambda _: (
            "96.08 % is the value at cycle 10 and no average; as an average it would give this life, and 20 cycles "
            f"mean {100.0 * _implied_efficiency(20.0):.1f} %."
        ),
    ),
    PaperCheck(
        "cycle life ratio",
        lambda _: arithmetic(60.0 / 20.0),
        "60 over 20 cycles.",
        route=(ARITHMETIC,),
    ),
    PaperCheck(
        "100 um foil: 170 cycles, 92 % retention, CE 99.81 %",
        lambda _: arithmetic(100.0 * 0.9981**170),
        lambda c: (
            "What the efficiency alone would leave. The 92 % are possible because 170 cycles lose "
            f"{170.0 * 0.0019 * 3.0:.2f} of the foil's {c.capacity_mah_per_cm2(PAPER.cycling_foil_um):.1f} mAh/cm2: "
            "the test says nothing of the efficiency of lithium."
        ),
    ),
    PaperCheck(
        "~100 x excess Li in the separator-free cell",
        lambda c: measured(
            cell.negative_to_positive_ratio(c.capacity_mah_per_cm2(PAPER.cycling_foil_um), PAPER.cathode_mah_per_cm2)
        ),
        lambda c: (
            "The cathode of that cell is not given. With 2.7 mAh/cm2 a 100 um foil is 8 times, and 100 times would be "
            f"{c.lithium_um(100.0 * PAPER.cathode_mah_per_cm2) / 1000.0:.1f} mm of lithium; the cathode must have had "
            f"about {c.capacity_mah_per_cm2(PAPER.cycling_foil_um) / 100.0:.1f} mAh/cm2."
        ),
        settled=Standing.NOT_CHECKABLE,
    ),
    PaperCheck(
        "260 h at 10 mA/cm2, 10 mAh/cm2",
        lambda _: arithmetic(260.0 / 2.0),
        "An hour of plating and one of stripping; bare lithium lasts 50 h, 25 cycles.",
        unit="cycles",
    ),
    PaperCheck(
        "1000 h / 220 h at 1 mA/cm2, 3 mAh/cm2",
        lambda _: arithmetic(1000.0 / 6.0),
        lambda _: f"Three hours of each; bare lithium lasts 220 h, {220.0 / 6.0:.0f} cycles.",
        unit="cycles",
    ),
    PaperCheck(
        "full-cell polarisation growth",
        lambda _: arithmetic(207.0 - 123.0),
        lambda _: (
            f"With the film; without it {254.0 - 99.0:.0f} mV. The film starts {123.0 - 99.0:.0f} mV worse and ends "
            f"{254.0 - 207.0:.0f} mV better."
        ),
    ),
    PaperCheck(
        "electrolyte amount 80 ul on 1.13 cm2",
        lambda _: arithmetic(80.0 / (PAPER.cathode_mah_per_cm2 * PAPER.disk_cm2)),
        "A flooded cell (industry: 2 to 3), so the cell that is lean in lithium is not lean in electrolyte.",
        unit="ul/mAh",
    ),
)
"""The coated anode in cells."""
