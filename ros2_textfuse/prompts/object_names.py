"""COCO class names in free text."""

import re

COCO = tuple(
    [
        "person",
        "bicycle",
        "car",
        "motorcycle",
        "airplane",
        "bus",
        "train",
        "truck",
        "boat",
        "traffic light",
        "fire hydrant",
        "stop sign",
        "parking meter",
        "bench",
        "bird",
        "cat",
        "dog",
        "horse",
        "sheep",
        "cow",
        "elephant",
        "bear",
        "zebra",
        "giraffe",
        "backpack",
        "umbrella",
        "handbag",
        "tie",
        "suitcase",
        "frisbee",
        "skis",
        "snowboard",
        "sports ball",
        "kite",
        "baseball bat",
        "baseball glove",
        "skateboard",
        "surfboard",
        "tennis racket",
        "bottle",
        "wine glass",
        "cup",
        "fork",
        "knife",
        "spoon",
        "bowl",
        "banana",
        "apple",
        "sandwich",
        "orange",
        "broccoli",
        "carrot",
        "hot dog",
        "pizza",
        "donut",
        "cake",
        "chair",
        "couch",
        "potted plant",
        "bed",
        "dining table",
        "toilet",
        "tv",
        "laptop",
        "mouse",
        "remote",
        "keyboard",
        "cell phone",
        "microwave",
        "oven",
        "toaster",
        "sink",
        "refrigerator",
        "book",
        "clock",
        "vase",
        "scissors",
        "teddy bear",
        "hair drier",
        "toothbrush",
    ]
)
_SYNONYMS = {
    "person": "people,persons,pedestrian,human,man,men,woman,women,child,children,kid,boy,girl,worker,passer-by,"
    "passersby,somebody,someone,anybody,anyone,survivor,victim,driver,firefighter,fireman,firemen,soldier,hiker,"
    "runner,jogger,crowd,workers,intruder,guy,lady,ladies,adult,baby,babies",
    "bicycle": "bike,push bike,pushbike",
    "car": "automobile,sedan,taxi,cab,suv,van,minivan,jeep,hatchback",
    "motorcycle": "motorbike,scooter,moped",
    "airplane": "aeroplane,aircraft,plane,jet",
    "bus": "buses,busses,coach,coaches,minibus,minibuses",
    "train": "locomotive,tram",
    "truck": "lorry,lorries,pickup,semi-trailer",
    "boat": "ship,vessel,canoe,kayak,ferry,ferries",
    "traffic light": "traffic signal,stoplight",
    "fire hydrant": "hydrant",
    "dog": "puppy,puppies",
    "cat": "kitten",
    "cow": "cattle,bull",
    "horse": "pony,ponies,foal",
    "sheep": "lamb",
    "couch": "sofa,couches",
    "tv": "television,tv set",
    "cell phone": "mobile phone,smartphone,cellphone,phone",
    "refrigerator": "fridge",
    "donut": "doughnut",
    "backpack": "rucksack",
    "handbag": "purse",
    "suitcase": "luggage",
    "hair drier": "hair dryer",
    "potted plant": "house plant",
    "dining table": "table",
    "sports ball": "ball,football",
    "knife": "knives",
    "sandwich": "sandwiches",
    "bench": "benches",
    "mouse": "computer mouse",
}
_SEVERAL = {
    "cyclist": ("person", "bicycle"),
    "bicyclist": ("person", "bicycle"),
    "motorcyclist": ("person", "motorcycle"),
    "biker": ("person", "motorcycle"),
    "rider": ("person",),
    "vehicle": ("car", "truck", "bus", "motorcycle"),
    "traffic": ("car", "truck", "bus", "motorcycle"),
    "animal": ("bird", "cat", "dog", "horse", "sheep", "cow"),
}


def _object_words() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {name: (name,) for name in COCO}
    words |= {word: (name,) for name, listed in _SYNONYMS.items() for word in listed.split(",")}
    words |= _SEVERAL
    # In a prompt "orange" is a colour, and "tie" and "bear" are verbs, far more often than things.
    for word in ("orange", "tie", "bear", "remote", "sink"):
        del words[word]
    return words | {
        "oranges": ("orange",),
        "bears": ("bear",),
        "necktie": ("tie",),
        "remote control": ("remote",),
    }


_OBJECT_WORDS = _object_words()
_OBJECTS = re.compile(  # the longest first: a hot dog is no dog
    r"\b(" + "|".join(sorted(map(re.escape, _OBJECT_WORDS), key=len, reverse=True)) + r")(?:e?s)?\b", re.IGNORECASE
)


def find_objects(text: str) -> tuple[str, ...]:
    """COCO class names of the things `text` mentions, plurals and common synonyms included, each once.

    The 80 names are those of COCO's detection task (Lin et al., ECCV 2014), as YOLO networks use them.
    """
    found = (name for match in _OBJECTS.finditer(text) for name in _OBJECT_WORDS[match[1].lower()])
    return tuple(dict.fromkeys(found))
