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
    "person": "people,persons,pedestrian,human,human being,man,men,woman,women,child,children,kid,boy,girl,worker,"
    "passer-by,passersby,somebody,someone,anybody,anyone,everybody,everyone,survivor,victim,casualty,casualties,"
    "driver,firefighter,fireman,firemen,soldier,hiker,runner,jogger,crowd,intruder,guy,lady,ladies,adult,baby,babies,"
    "toddler,infant,teenager,walker,swimmer,climber,skier,farmer,police officer,policeman,policemen,policewoman,cop,"
    "officer,paramedic,nurse,doctor,postman,mailman,granny,grandma,grandpa,grandmother,grandfather,elderly,"
    "wheelchair user,bystander,trespasser,burglar,thief,thieves,suspect,passenger,tourist,patient,player,goalkeeper,"
    "crew,crew member,personnel,staff,ppl,peeps,dude,bloke,chap,"
    "lad,miner,diver,sailor,bather,student,pupil,mother,father,mum,dad,figure,body,bodies,folk,folks,humanoid,wanderer,"
    "stranger,colleague,operator,technician,engineer,visitor,customer,guard,hunter,angler,fisherman,fishermen,rescuer",
    "bicycle": "bike,push bike,pushbike,e-bike,ebike,tricycle",
    "car": "automobile,sedan,taxi,cab,suv,van,minivan,jeep,hatchback,estate,limousine,convertible,police car,"
    "saloon car,station wagon,passenger car,patrol car",
    "motorcycle": "motorbike,scooter,moped,motor scooter,vespa",
    "airplane": "aeroplane,aircraft,plane,jet,airliner",
    "bus": "buses,busses,coach,coaches,minibus,minibuses,omnibus,school bus",
    "train": "locomotive,tram,streetcar,railcar,metro",
    "truck": "lorry,lorries,pickup,pickup truck,semi-trailer,semi trailer,tanker,dump truck,fire engine,fire truck,"
    "ambulance,garbage truck,tractor,excavator,bulldozer,digger,forklift,"
    "forklift truck,combine harvester,hgv,articulated lorry,box van,tractor trailer",
    "boat": "ship,vessel,canoe,kayak,ferry,ferries,yacht,dinghy,dinghies,sailboat,barge,tugboat,rowing boat",
    "traffic light": "traffic signal,stoplight,stop light",
    "fire hydrant": "hydrant",
    "dog": "puppy,puppies,hound,terrier,doggy",
    "cat": "kitten,kitty",
    "cow": "bull,calf,calves,ox,oxen",
    "horse": "pony,ponies,foal,mare,stallion",
    "sheep": "lamb,ewe",
    "bird": "seagull,gull,pigeon,duck,goose,geese,swan,crow,eagle,hen,chicken",
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
VEHICLES = ("car", "truck", "bus", "motorcycle")
ANIMALS = ("bird", "cat", "dog", "horse", "sheep", "cow")
_GAME = ("dog", "horse", "sheep", "cow")  # what a detector takes a deer for
_SEVERAL = {
    "cyclist": ("person", "bicycle"),
    "bicyclist": ("person", "bicycle"),
    "motorcyclist": ("person", "motorcycle"),
    "biker": ("person", "motorcycle"),
    "rider": ("person",),
    "horse rider": ("person", "horse"),
    "two-wheeler": ("bicycle", "motorcycle"),
    "two wheeler": ("bicycle", "motorcycle"),
    "vehicle": VEHICLES,
    "traffic": VEHICLES,
    "emergency vehicle": ("car", "truck"),
    "animal": ANIMALS,
    "wildlife": ANIMALS,
    "creature": ANIMALS,
    "pet": ("cat", "dog"),
    **dict.fromkeys(
        (
            "deer",
            "fawn",
            "roe deer",
            "moose",
            "elk",
            "boar",
            "wild boar",
            "rabbit",
            "hare",
            "fox",
            "foxes",
            "badger",
            "hedgehog",
            "raccoon",
            "goat",
            "pig",
            "donkey",
            "squirrel",
            "wolf",
            "wolves",
            "coyote",
            "kangaroo",
        ),
        _GAME,
    ),
    "cattle": ("cow",),
    "livestock": ("horse", "sheep", "cow"),
    "farm animal": ("horse", "sheep", "cow"),
    "road user": ("person", "bicycle", *VEHICLES),
}
_MOVES, _LIVES = ("person", "bicycle", *VEHICLES), ("person", *ANIMALS)
_PHRASES = {  # said in many ways: a pattern
    r"(?:any|every|some)?(?:thing|body|one)s?(?: that| which)? (?:moves|is moving|moving)": _MOVES,
    r"(?:all |any )?moving (?:things?|objects?|targets?)|whatever moves|movement|(?:all )?movers": _MOVES,
    r"(?:(?:any|every|some)thing|whatever|all)(?: that is| that's| which is)? (?:living|alive)|(?:all |any |"
    r"every )?living (?:things?|creatures?)": _LIVES,
    r"(?:(?:any|every)thing|whatever) (?:on|with|that has) (?:\w+ )?wheels": ("bicycle", *VEHICLES),
    r"who(?:'s| is| are)? (?:out |over |up )?there": ("person",),
    r"life ?forms?|living beings?|whatever lives": _LIVES,
}


def _object_words() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {name: (name,) for name in COCO}
    words |= {word: (name,) for name, listed in _SYNONYMS.items() for word in listed.split(",")}
    words |= _SEVERAL
    # In a prompt "orange" is a colour, and "tie" and "bear" are verbs, far more often than things.
    for word in ("orange", "tie", "bear", "remote", "sink", "clock"):
        del words[word]
    return words | {
        "oranges": ("orange",),
        "bears": ("bear",),
        "necktie": ("tie",),
        "remote control": ("remote",),
        "clocks": ("clock",),
    }


OBJECT_WORDS = _object_words()
_WORDS = re.compile(  # the longest first: a hot dog is no dog
    r"\b(?:(?P<phrase>" + "|".join(f"(?:{pattern})" for pattern in _PHRASES) + r")|(?P<word>"
    + "|".join(sorted(map(re.escape, OBJECT_WORDS), key=len, reverse=True)) + r")(?:s|(?<=[sxzho])es)?)\b",
    re.IGNORECASE,
)  # fmt: skip
# What a degradation comes from is not what a person wants to see: "spray from the lorry", "blinded by cars".
_SOURCE = re.compile(
    r"\b(?:(?:(?<!apart )(?<!aside )from|by|against)|(?:spray|smoke|glare|dust|(?:head ?)?lights?|beams?|"
    r"headlamps?|reflections?|exhaust|"
    r"fumes) of)(?: (?:the|a|an|that|this|some|all|other|many|oncoming|passing|burning|leading|approaching|his|her|"
    r"two|big))*\s*$|"
    # "the image looks like a zebra"
    r"(?:^|\b(?:images?|pictures?|pic|view|screen|everything|it|this|that|thermal|visible)(?:'s| is| looks?|"
    r" seems?| feels?)* "
    r"(?:a bit |just |more |almost )?)like (?:an? |the )(?:\w+ )?$|\bthan (?:an? |the )$",
    re.IGNORECASE,
)
_IDIOM = re.compile(
    r"\b(?:raining )?cats and dogs\b|\bas hell\b|"
    r"\bfigur\w* (?:\w+ )?out\b|\bhot dog stand\b|\bzebra crossings?\b|\bbus (?:stops?|lanes?)\b|"
    r"\bcar ?parks?\b|\btraffic (?:signs?|jams?)\b|"
    r"\b(?:hold your horses|(?:let )?the cat (?:is )?out of the bag|(?:black|dark) (?:sheep|"
    r"horse)\b(?= of the)|dark horse|"
    r"elephant in the room|wild goose|horse ?power|dog.tired|bull'?s.eye|lame duck|can.bus|guinea pig|cat.?walk|"
    r"busy as a bee)\b|"
    r"\btrain (?:tracks?|stations?)\b|\bbird'?s.eye\b",
    re.IGNORECASE,
)
_LEFT_OUT = (
    r"\b(?:except(?: for)?|but not|excluding|instead of|rather than|other than|ignore|ignoring|forget|hide|skip|"
    r"disregard|exclude|leave out|apart from|minus|avoid|less on|un-?(?:mark|highlight)|(?:turn|switch) off|disable|"
    r"(?:stop|quit|cease|no longer) (?!(?:los|miss|ignor|hid|skipp|forgett|overlook|blurr)ing)\w+ing|"
    r"enough (?:of|with)|done with|(?:remove|get rid of|drop|clear|delete|lose|kill|take off)(?: the| any| that)? "
    r"(?:highlight\w*|mark\w*|emphasis|glow|outline|box(?:es)?) (?:on|of|around|from|for))\b"
)
# "remove the people", but not "remove the noise around the people"
_TAKEN_OUT = (
    r"\b(?:hide|remove|erase|delete|conceal|mask|censor|anonymi[sz]e|pixelate|blur|get rid of|cut out|take (?:out|"
    r"away))(?: (?:out|away|the|all|any|every|these|those|other|of))*\s*$"
)
# "fewer cars", "less emphasis on cars", "I prefer people to cars"
_LESS_OF = (
    r"(?:^(?:lose|drop|ditch|dump|kill|cancel|clear|leave)|\b(?:less|fewer|deselect|mute|replace|swap|exchange|"
    r"trade|more than|nobody (?:needs|wants)|"
    r"who (?:needs|wants))|"
    r"\b(?:less|no) (?:emphasis|focus|attention|weight|interest) (?:on|to|for|in)|\b(?:nobody|who) cares (?:about|for)|"
    r"\b(?:prefer\w*|rather|sooner|priorit\w*|precedence|preference|"
    r"important|interesting|matters? more)\b.* (?:over|than|to|before))"
    r"(?: (?:of|the|all|any|those|these))*\s*$"
)
_NOT_WANTED = {
    False: re.compile(f"{_LEFT_OUT}|{_TAKEN_OUT}|{_LESS_OF}"),  # "I can not see the car" denies the seeing
    True: re.compile(f"{_LEFT_OUT}|{_TAKEN_OUT}|{_LESS_OF}" + r"|\b(?:not|no|without|never|neither|nor)\b|n't\b"),
}
_NOT_IMPORTANT = re.compile(
    r"^\w* (?:is |are )?(?:not|isn't|aren't) (?:important|needed|interesting|relevant|wanted|necessary|of interest)\b|"
    r"^ (?:do not|don't|does not|doesn't|are not|aren't|is not|isn't)$|"
    r"^ (?:(?:don't|doesn't|do not|does not|never) (?:matter|count|interest)|(?:is|are) (?:irrelevant|unimportant|"
    r"uninteresting|boring|no concern)|(?:can|may|should|must) go$|off$)"
)
_DOUBLE = re.compile(
    r"(?:\bnot|n't|\bnever)(?: to)? (?:hide|ignore|lose|forget|miss|skip|overlook|leave out)\b|"
    r"\b(?:stop|quit|cease|without) (?:los|miss|ignor|hid|skipp|forgett|overlook)ing\b"
)
_BUT_THEM = re.compile(r"\b(?:apart from|other than|except|excluding|without|minus|but not|not)\b")  # of a group
_INSTEAD = re.compile(r"\b(?:just|only|but)\b")


def find_objects(text: str) -> tuple[str, ...]:
    """COCO class names of the things `text` mentions, plurals and common synonyms included, each once.

    The 80 names are those of COCO's detection task (Lin et al., ECCV 2014), as YOLO networks use them.
    """
    return tuple(dict.fromkeys(name for *_, names in _mentions(text) for name in names))


def split_objects(clause: str, denied: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The class names that a clause wants, and those that it does not want: "people not cars".

    Args:
        clause: lower case.
        denied: whether it denies something, or an earlier clause's denial goes on in it ("no cars or trucks").
    """
    wanted: dict[str, None] = {}
    unwanted: dict[str, None] = {}
    not_wanted = _NOT_WANTED[denied]
    continued = denied and not not_wanted.search(clause)
    for start, end, names in _mentions(clause):
        before = clause[:start]
        if _SOURCE.search(before):
            continue
        no = max((found.end() for found in not_wanted.finditer(before)), default=-1)
        # "do not show cars" wants none; "no dogs just people" wants people.
        wants = no < 0 or _INSTEAD.search(before, no) or _DOUBLE.search(before)
        if _NOT_IMPORTANT.search(clause[end:]):
            wants = None
        side = unwanted if continued or not wants else wanted
        side.update(dict.fromkeys(names))
    return tuple(name for name in wanted if name not in unwanted or not _BUT_THEM.search(clause)), tuple(unwanted)


def takes_out(clause: str) -> bool:
    """Whether a clause, lower case, asks for things to be made invisible: "hide the people"."""
    return any(re.search(_TAKEN_OUT, clause[:start]) for start, *_ in _mentions(clause))


def _mentions(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Where each thing is mentioned, from and to, and its classes."""
    plain = _IDIOM.sub(lambda found: " " * len(found[0]), text)
    return [(found.start(), found.end(), _classes(found)) for found in _WORDS.finditer(plain)]


def _classes(found: re.Match[str]) -> tuple[str, ...]:
    if found["word"]:
        return OBJECT_WORDS[found["word"].lower()]
    return next(names for pattern, names in _PHRASES.items() if re.fullmatch(pattern, found["phrase"], re.IGNORECASE))
