"""A chest of ellipsoids, 64 x 48 x 56 voxels of 6 mm: what the simulation needs of an anatomy, and fast."""

import numpy as np

from rrg.simulation.anatomy import Anatomy
from rrg.simulation.render import WATER_PER_MM

SHAPE = (64, 48, 56)  # head, anterior, left
VOXEL_MM = 6.0
NAMES = {
    name: number
    for number, name in enumerate(
        (
            "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right",
            "lung_lower_lobe_right", "heart", "sternum", "vertebrae_T8", "vertebrae_T9", "spinal_cord", "trachea",
            "superior_vena_cava",
        ),
        start=1,
    )
}  # fmt: skip


def chest() -> Anatomy:
    """Lungs over a flat diaphragm, the heart between them and to the left, spine behind, sternum in front."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    body = (((y - 24) / 20) ** 2 + ((x - 28) / 26) ** 2) < 1
    for side, middle in (("left", 39), ("right", 17)):
        lung = (((z - 36) / 22) ** 2 + ((y - 24) / 15) ** 2 + ((x - middle) / 9) ** 2 < 1) & (z >= 22)
        labels[lung & (z < 36)] = NAMES[f"lung_lower_lobe_{side}"]
        labels[lung & (z >= 36)] = NAMES[f"lung_upper_lobe_{side}"]
    labels[(labels == NAMES["lung_lower_lobe_right"]) & (y > 27)] = NAMES["lung_middle_lobe_right"]
    labels[((z - 30) / 8) ** 2 + ((y - 27) / 7) ** 2 + ((x - 31) / 8) ** 2 < 1] = NAMES["heart"]
    labels[24:52, 38:40, 26:31] = NAMES["sternum"]
    labels[4:34, 6:10, 25:32] = NAMES["vertebrae_T8"]
    labels[34:60, 6:10, 25:32] = NAMES["vertebrae_T9"]
    labels[4:60, 5:6, 27:30] = NAMES["spinal_cord"]
    labels[44:60, 22:25, 26:30] = NAMES["trachea"]
    labels[40:44, 22:26, 22:26] = labels[40:44, 22:26, 31:35] = NAMES["trachea"]
    labels[32:46, 26:29, 22:25] = NAMES["superior_vena_cava"]
    attenuation = np.where(body, WATER_PER_MM, 0).astype(np.float32) * np.ones(SHAPE, dtype=np.float32)
    attenuation[(labels >= 1) & (labels <= 5)] = 0.16 * WATER_PER_MM
    attenuation[np.isin(labels, [NAMES["vertebrae_T8"], NAMES["vertebrae_T9"]])] = 2 * WATER_PER_MM
    attenuation[labels == NAMES["trachea"]] = 0
    return Anatomy(attenuation, labels, NAMES, VOXEL_MM)
