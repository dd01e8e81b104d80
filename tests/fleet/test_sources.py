"""What a user names becomes recordings, each once, whatever they lie in."""

import pytest

from ros2_textfuse.fleet.errors import FleetError
from ros2_textfuse.fleet.identity import identify
from ros2_textfuse.fleet.sources import Source, find_sources


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def found(folder, *named):
    root = f"{folder}/"
    return [tuple(path.removeprefix(root) for path in source.paths) for source in find_sources([*map(str, named)])]


@pytest.fixture
def tree(tmp_path):
    touch(tmp_path, "a/bag/metadata.yaml", "a/bag/bag_0.mcap", "a/bag/bag_1.mcap", "a/alone.db3", "a/notes.md")
    touch(tmp_path, "videos/drive_RGB.mp4", "videos/drive_lwir.mp4", "videos/visible.mkv", "videos/thermal.mkv")
    touch(tmp_path, "videos/other_rgb.mp4", "pairs/vi/0.png", "pairs/ir/0.png")
    touch(tmp_path, "packed/metadata.yaml", "packed/packed_0.mcap.zstd")
    return tmp_path


def test_a_folder_of_any_depth(tree):
    pairs = [("videos/drive_RGB.mp4", "videos/drive_lwir.mp4"), ("videos/visible.mkv", "videos/thermal.mkv")]
    assert found(tree, tree) == [("a/alone.db3",), ("a/bag",), ("packed",), ("pairs",), *pairs]


def test_patterns_pairs_and_lists_name_each_recording_once(tree):
    assert found(tree, tree / "a" / "*") == [("a/alone.db3",), ("a/bag",)]
    assert found(tree, tree / "videos" / "drive_*") == [("videos/drive_RGB.mp4", "videos/drive_lwir.mp4")]
    (tree / "list.txt").write_text(f"# ours\n{tree}/a/bag\n{tree}/x.mp4, {tree}/y.mp4\n{tree}/gone  # moved\n")
    assert found(tree, tree / "list.txt", tree / "a") == [("a/alone.db3",), ("a/bag",), ("gone",), ("x.mp4", "y.mp4")]


def test_a_manifest_brings_its_columns(tree):
    manifest = tree / "drives.csv"
    manifest.write_text(f"source,weather,thermal_topic\n{tree}/a/bag,rain,/lwir\n")
    bag = next(source for source in find_sources([str(tree / "a"), str(manifest)]) if source.paths[0].endswith("bag"))
    assert bag.labels == {"weather": "rain", "thermal_topic": "/lwir"} and bag.label("calibration") == ""
    lines = tree / "drives.jsonl"
    lines.write_text(f'{{"visible": "{tree}/v.mp4", "thermal": "{tree}/t.mp4", "speed": 3}}\n')
    assert find_sources([str(lines)]) == [Source((f"{tree}/v.mp4", f"{tree}/t.mp4"), {"speed": "3"})]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.csv", "path\n/a\n", "line 2: expected a column `source`"),
        ("d.csv", "source\n/a,/b\n", "do not match the header"),
        ("d.jsonl", "{", "no manifest that can be read"),
        ("d.txt", "\n", "no recording in"),
    ],
)
def test_a_list_that_cannot_be_used(tmp_path, name, content, says):
    (tmp_path / name).write_text(content)
    with pytest.raises(FleetError, match=says):
        find_sources([str(tmp_path / name)])


def test_nothing_to_evaluate(tmp_path):
    touch(tmp_path, "only/rgb.mp4")
    with pytest.raises(FleetError, match=r"no recording in .*expected bags"):
        find_sources([str(tmp_path / "only")])
    with pytest.raises(FleetError, match="matches nothing"):
        find_sources([str(tmp_path / "*.mcap")])
    with pytest.raises(FileNotFoundError):
        find_sources([str(tmp_path / "gone")])


def test_identity_is_of_content_and_is_remembered_while_files_stay(tmp_path):
    touch(tmp_path, "a/x.mcap", "a/metadata.yaml", "b/y.mcap")
    first, second = (identify(Source((str(tmp_path / name),)), {}) for name in "ab")
    assert first.content == second.content and first.stat != second.stat, "a copy under another name is the same"
    again = identify(Source((str(tmp_path / "a"),)), {first.stat: "remembered"})
    assert again.content == "remembered"
    (tmp_path / "a" / "x.mcap").write_bytes(b"y")
    assert identify(Source((str(tmp_path / "a"),)), {first.stat: "remembered"}).content not in (
        "remembered",
        first.content,
    )
    assert "gone" in identify(Source((str(tmp_path / "gone"),)), {}).problem
