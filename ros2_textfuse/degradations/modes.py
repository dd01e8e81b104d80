"""The names of the degradations, in the order of the severity vector that every network was trained with."""

MODES = (
    "low_light",
    "over_exposure",
    "haze",
    "rain",
    "blur",
    "visible_noise",
    "color_cast",
    "ir_low_contrast",
    "ir_noise",
    "ir_stripe",
)
