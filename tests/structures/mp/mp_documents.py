"""Documents of Li-Sb-O, and some of Li-Zn-O, in the shapes the Materials Project answers with.

Every number and identifier is invented; only the shapes are real. The formation energies of the corrected
GGA(+U) scale are the ones a reaction must come out of; the r2SCAN and the mixed energies are inconsistent with
them on purpose, so that mixing thermo types gives a wrong reaction energy.
"""

from dataclasses import dataclass, field, replace

DATABASE = "2026.04.13"
GGA, R2SCAN, MIXED = "GGA_GGA+U", "r2SCAN", "GGA_GGA+U_R2SCAN"
LAST_NUMBERED = 3347529  # newer identifiers are shown as letters only
_REFERENCE = {"Li": -1.91, "O": -4.95, "Sb": -4.13, "Zn": -1.26}  # energy per atom of the element, GGA(+U)
_R2SCAN_SHIFT = {"Li": -0.43, "O": -7.21, "Sb": -12.40, "Zn": -9.70}  # other total energies: another zero


@dataclass(frozen=True)
class Material:
    number: int
    formula: str
    atoms: dict[str, int]  # in the cell
    formation: float  # eV/atom, corrected GGA(+U)
    volume_per_atom: float
    gap: float | None = 0.0  # None: the field is absent from the document
    bulk: float | None = None  # None: null in the document
    shear: float | None = None
    group: tuple[str, int, str] = ("P1", 1, "Triclinic")
    license: str = "BY-C"
    deprecated: bool = False
    types: tuple[str, ...] = (GGA, R2SCAN, MIXED)
    above_hull: float = 0.0
    changes: dict = field(default_factory=dict)  # of the summary document; a value ABSENT takes a field away

    @property
    def n(self):
        return sum(self.atoms.values())

    @property
    def chemsys(self):
        return "-".join(sorted(self.atoms))

    @property
    def energy(self):
        """Total energy in eV/atom on the corrected GGA(+U) scale: what a snapshot must hold."""
        return self.formation + sum(n * _REFERENCE[el] for el, n in self.atoms.items()) / self.n


ABSENT = "(absent)"
MATERIALS = (
    Material(135, "Li", {"Li": 1}, 0.0, 20.2, 0.0, 13.7, 6.1, ("Im-3m", 229, "Cubic")),
    Material(104, "Sb", {"Sb": 2}, 0.0, 31.6, 0.0, 33.0, 24.0, ("R-3m", 166, "Trigonal")),
    Material(12957, "O2", {"O": 8}, 0.0, 13.4, 1.6, group=("C2/m", 12, "Monoclinic")),
    Material(1960, "Li2O", {"Li": 2, "O": 1}, -2.06, 8.3, 5.0, 79.0, 61.0, ("Fm-3m", 225, "Cubic")),
    Material(841, "Li2O2", {"Li": 4, "O": 4}, -1.62, 8.2, 1.9, group=("P6_3/mmc", 194, "Hexagonal")),
    Material(
        2136,
        "Sb2O3",
        {"Sb": 8, "O": 12},
        -1.64,
        18.5,
        2.4,
        27.0,
        13.0,
        above_hull=0.02,
        group=("Pccn", 56, "Orthorhombic"),
    ),
    Material(1999, "Sb2O3", {"Sb": 8, "O": 12}, -1.66, 18.9, 3.1, group=("Fd-3m", 227, "Cubic")),
    Material(1705, "Sb2O5", {"Sb": 4, "O": 10}, -1.55, 13.2, 2.0, 300.0, -40.0, ("C2/c", 15, "Monoclinic")),
    Material(230, "SbO2", {"Sb": 4, "O": 8}, -1.62, 13.5, None, group=("Pna2_1", 33, "Orthorhombic")),
    Material(2074, "Li3Sb", {"Li": 3, "Sb": 1}, -0.60, 18.0, 0.7, 32.0, 22.0, ("Fm-3m", 225, "Cubic")),
    Material(9563, "Li2Sb", {"Li": 12, "Sb": 6}, -0.56, 19.2, 0.1, group=("P-62c", 190, "Hexagonal")),
    Material(755, "LiSbO3", {"Li": 2, "Sb": 2, "O": 6}, -1.95, 11.5, 3.2, group=("Pnna", 52, "Orthorhombic")),
    Material(3400014, "Li3SbO4", {"Li": 6, "Sb": 2, "O": 8}, -2.05, 10.9, 3.9, group=("P2/c", 13, "Monoclinic")),
    # what the server holds but a snapshot must not use: each would change the reaction
    Material(553, "Li2O", {"Li": 8, "O": 4}, -2.60, 9.9, 4.0, deprecated=True),
    Material(3360001, "LiSb", {"Li": 4, "Sb": 4}, -1.40, 20.0, 0.2, license="BY-NC"),
    Material(3370002, "Li5SbO5", {"Li": 5, "Sb": 1, "O": 5}, -2.20, 10.4, 3.0, types=(R2SCAN, MIXED)),
    # a further element, for snapshots that grow
    Material(79, "Zn", {"Zn": 2}, 0.0, 15.2, 0.0, 72.0, 40.0, ("P6_3/mmc", 194, "Hexagonal")),
    Material(2133, "ZnO", {"Zn": 2, "O": 2}, -1.79, 12.3, 0.7, 129.0, 41.0, ("P6_3mc", 186, "Hexagonal")),
    Material(1934, "LiZn", {"Li": 8, "Zn": 8}, -0.10, 16.1, 0.0, group=("Fd-3m", 227, "Cubic")),
)
USABLE = tuple(m for m in MATERIALS if not m.deprecated and m.license == "BY-C" and GGA in m.types)
LI_SB_O = tuple(m for m in USABLE if set(m.atoms) <= {"Li", "Sb", "O"})


def by_formula(formula):
    """Lowest material of a formula among those a snapshot may use."""
    return min((m for m in USABLE if m.formula == formula), key=lambda m: m.energy)


def legacy_id(number):
    return f"mp-{number}" if number <= LAST_NUMBERED else alpha_id(number)


def alpha_id(number):
    letters = ""
    while number:
        number, digit = divmod(number, 26)
        letters = "abcdefghijklmnopqrstuvwxyz"[digit] + letters
    return "mp-" + letters.rjust(8, "a")


def id_number(text):
    """Number of an identifier in either spelling."""
    tail = text.removeprefix("mp-")
    if tail.isdecimal():
        return int(tail)
    number = 0
    for letter in tail:
        number = number * 26 + ord(letter) - ord("a")
    return number


def crowd(number, formula="Li2O", first=2_000_000):
    """Return so many further materials of one formula, all above the hull."""
    base = by_formula(formula)
    return tuple(
        replace(
            base,
            number=first + i,
            formation=base.formation + 0.05 + 1e-4 * i,
            above_hull=0.05 + 1e-4 * i,
            volume_per_atom=base.volume_per_atom * (1.0 + 1e-4 * i),
            types=(GGA,),
        )
        for i in range(number)
    )


def summary_document(material, spell=alpha_id):
    def moduli(value):
        return None if value is None else {"voigt": value + 0.5, "reuss": value - 0.5, "vrh": value}

    symbol, number, system = material.group
    document = _head(material, spell) | {
        "volume": material.volume_per_atom * material.n,
        "density": 3.0,
        "density_atomic": material.volume_per_atom,
        "symmetry": {
            "crystal_system": system,
            "symbol": symbol,
            "number": number,
            "point_group": "1",
            "symprec": 0.1,
            "angle_tolerance": 5.0,
            "version": "2.5.0",
        },
        "is_metal": material.gap == 0.0,
        "bulk_modulus": moduli(material.bulk),
        "shear_modulus": moduli(material.shear),
        "theoretical": material.number > LAST_NUMBERED,
        "energy_per_atom": material.energy - 3.0,  # of whatever type summary prefers: not for reactions
        "formation_energy_per_atom": material.formation * 1.1,
        "energy_above_hull": material.above_hull,
        "is_stable": material.above_hull == 0.0,
        "origins": [{"name": "structure", "task_id": spell(material.number + 7), "last_updated": "2026-01-05"}],
    }
    if material.gap is not None:
        document["band_gap"] = material.gap
    document |= material.changes
    return {name: value for name, value in document.items() if value is not ABSENT}


def thermo_documents(material, spell=alpha_id):
    mix_offset = 0.37 * len(material.atoms) - 2.1  # every system has a zero of its own
    shift = sum(n * _R2SCAN_SHIFT[el] for el, n in material.atoms.items()) / material.n
    energies = {
        GGA: (material.energy, material.formation),
        R2SCAN: (material.energy - 0.03 * material.formation + shift, material.formation * 0.97),
        MIXED: (material.energy + mix_offset, material.formation * 0.94),
    }
    # the correction of a compound is spread over its atoms; elements have none
    correction = 0.0 if len(material.atoms) == 1 else -0.687 * material.atoms.get("O", 0) / material.n
    return [
        _head(material, spell)
        | {
            "thermo_type": kind,
            "thermo_id": f"{spell(material.number)}_{kind}",
            "energy_per_atom": energy,
            "uncorrected_energy_per_atom": energy - (correction if kind == GGA else 0.0),
            "formation_energy_per_atom": formation,
            "energy_above_hull": material.above_hull,
            "is_stable": material.above_hull == 0.0,
            "energy_type": "R2SCAN" if kind == R2SCAN else "GGA",
            "energy_uncertainy_per_atom": 0.003,
            "decomposes_to": None,
        }
        for kind, (energy, formation) in energies.items()
        if kind in material.types
    ]


def _head(material, spell):
    elements = sorted(material.atoms)
    return {
        "builder_meta": {
            "emmet_version": "0.87.3",
            "pymatgen_version": "2026.5.4",
            "run_id": None,
            "batch_id": None,
            "database_version": DATABASE,
            "build_date": "2026-04-10T00:00:00",
            "license": material.license,
        },
        "nsites": material.n,
        "elements": elements,
        "nelements": len(elements),
        "composition": {el: float(n) for el, n in material.atoms.items()},
        "formula_pretty": material.formula,
        "chemsys": material.chemsys,
        "volume": material.volume_per_atom * material.n,
        "deprecated": material.deprecated,
        "deprecation_reasons": ["M001"] if material.deprecated else None,
        "last_updated": "2026-04-10T00:00:00Z",
        "warnings": [],
        "material_id": spell(material.number),
    }
