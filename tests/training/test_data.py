import struct

import cv2
import numpy as np
import pytest

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.training.data import KINDS, WRONG, Crops, DataError, Pair, brighten, find_pairs
from ros2_textfuse.training.labels import OBJECTS
from ros2_textfuse.training.train import make_pairs


@pytest.fixture
def folder(tmp_path):
    return make_pairs(tmp_path)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Two pairs by day and one by night."""
    folder = make_pairs(tmp_path_factory.mktemp("pairs"), count=3)
    dark = folder / "vi" / "002.png"
    cv2.imwrite(str(dark), cv2.imread(str(dark)) // 8)
    return find_pairs(folder)


def rows(pairs, kind, count=12):
    crops = Crops(pairs, batch=1, crop=48, seed=0)
    return [crops.sample(kind, np.random.default_rng([1, index])) for index in range(count)]


def without_boxes(pairs, kind, count=12):
    """Rows whose request is without the balance."""
    return [(*row[:2], row[2][:-1], *row[3:5]) for row in rows(pairs, kind, count)]


class TestFindPairs:
    def test_pairs_come_by_name_with_figures(self, folder):
        pairs = find_pairs(folder)
        assert [pair.name for pair in pairs] == ["000", "001", "002", "003"]
        assert all(0 <= pair.black < pair.mean < pair.white <= 1 for pair in pairs)
        assert all(pair.cast >= 1 for pair in pairs)

    def test_missing_folders_are_named(self, tmp_path):
        with pytest.raises(DataError, match=r"2 faults") as caught:
            find_pairs(tmp_path)
        assert f"{tmp_path / 'vi'}: no such folder" in str(caught.value)
        assert f"{tmp_path / 'ir'}: no such folder" in str(caught.value)

    def test_empty_folders_say_what_was_looked_for(self, tmp_path):
        for side in ("vi", "ir"):
            (tmp_path / side).mkdir()
        with pytest.raises(DataError, match=r"no images in vi/ and ir/ \(\.bmp"):
            find_pairs(tmp_path)

    def test_one_error_lists_every_fault(self, folder):
        (folder / "ir" / "000.png").unlink()
        (folder / "vi" / "001.png").write_bytes(b"not an image")
        (folder / "ir" / "002.png").write_bytes(b"")
        cv2.imwrite(str(folder / "ir" / "003.png"), np.zeros((50, 60), np.uint8))
        cv2.imwrite(str(folder / "ir" / "004.png"), np.zeros((50, 60), np.uint8))
        cv2.imwrite(str(folder / "vi" / "003.jpg"), np.zeros((96, 128, 3), np.uint8))
        with pytest.raises(DataError) as caught:
            find_pairs(folder)
        message = str(caught.value)
        assert "cannot be trained on, 6 faults" in message
        assert f"{folder / 'vi' / '000.png'}: no ir/000.*" in message
        assert f"{folder / 'ir' / '004.png'}: no vi/004.*" in message
        assert f"{folder / 'vi' / '001.png'} cannot be read" in message
        assert f"{folder / 'ir' / '002.png'} cannot be read" in message
        assert "003: vi is 128x96, ir is 60x50" in message
        assert "second image of the name 003" in message

    def test_thermal_images_of_16_bits_are_named(self, folder):
        """Their range is the camera's: cut to 8 bits unasked, most show nothing."""
        cv2.imwrite(str(folder / "ir" / "001.png"), np.full((96, 128), 3000, np.uint16))
        with pytest.raises(DataError, match=r"001\.png has pixels of uint16: 8 bits are needed"):
            find_pairs(folder)

    def test_a_file_that_claims_too_many_pixels_is_not_decoded(self, folder):
        path = folder / "vi" / "001.png"
        data = bytearray(path.read_bytes())
        data[16:24] = struct.pack(">II", 50_000, 50_000)
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"001\.png cannot be read.*50000x50000 pixels"):
            find_pairs(folder)

    def test_images_smaller_than_the_crop_are_refused(self, folder):
        with pytest.raises(DataError, match="000: 128x96 is smaller than the crop of 112"):
            find_pairs(folder, crop=112)

    def test_other_files_are_passed_over(self, folder):
        (folder / "vi" / "Thumbs.db").write_bytes(b"")
        assert len(find_pairs(folder)) == 4


class TestCrops:
    def test_batch_has_the_shapes_that_the_network_takes(self, pairs):
        batch = Crops(pairs, batch=6, crop=48, seed=0)(0)
        assert batch.visible.shape == batch.visible_target.shape == (6, 3, 48, 48)
        assert batch.thermal.shape == batch.thermal_target.shape == (6, 1, 48, 48)
        assert batch.request.shape == (6, len(MODES) + 1)
        assert batch.boxes.shape == (6, OBJECTS, 5)
        assert all(x.dtype == np.float32 for x in batch)
        assert all(
            x.min() >= 0 and x.max() <= 1 for name, x in batch._asdict().items() if name not in ("request", "boxes")
        )
        assert np.abs(batch.request).max() <= 1 and batch.request[:, :-1].min() >= 0

    def test_batch_depends_on_seed_and_step_alone(self, pairs):
        crops, others = (Crops(pairs, batch=3, crop=48, seed=1) for _ in range(2))
        crops(0)  # what came before does not matter
        for one, other in zip(crops(5), others(5), strict=True):
            np.testing.assert_array_equal(one, other)
        assert not np.array_equal(crops(5).visible, crops(6).visible)
        assert not np.array_equal(crops(5).visible, Crops(pairs, batch=3, crop=48, seed=2)(5).visible)

    def test_shares_of_the_kinds_add_up(self):
        assert sum(KINDS.values()) == pytest.approx(1)
        assert sum(WRONG.values()) == pytest.approx(1)
        assert set(WRONG) == set(MODES)

    def test_a_degradation_can_be_chosen(self, pairs):
        crops = Crops(pairs, batch=1, crop=48, seed=0)
        for index in range(6):
            request = crops.sample("single", np.random.default_rng(index), "blur")[2]
            assert [MODES[i] for i in np.flatnonzero(request[:-1])] == ["blur"]

    def test_images_have_the_8_bits_of_a_camera(self, pairs):
        for image in Crops(pairs, batch=4, crop=48, seed=0)(0)[:2]:
            np.testing.assert_allclose(image * 255, np.round(image * 255), atol=1e-3)

    def test_some_prompts_prefer_a_camera(self, pairs):
        balances = np.array([row[2][-1] for row in rows(pairs, "clean", 60)])
        assert 0.1 < (balances != 0).mean() < 0.5
        assert balances.min() < -0.3 and balances.max() > 0.3

    def test_objects_of_labels_are_where_they_were_in_the_image(self, folder, monkeypatch):
        monkeypatch.setattr("ros2_textfuse.training.data.WITH_FIGURES", 0)
        (folder / "labels").mkdir()
        for name in ("000", "001", "002", "003"):
            # A bright square that nothing else in the image is as bright as.
            image = np.zeros((96, 128, 3), np.uint8)
            image[30:50, 60:84] = 255
            cv2.imwrite(str(folder / "vi" / f"{name}.png"), image)
            (folder / "labels" / f"{name}.txt").write_text(f"2 {72 / 128} {40 / 96} {24 / 128} {20 / 96}\n")
        seen = 0
        for row in rows(find_pairs(folder), "clean", 40):
            for kind, left, top, right, bottom in row[5][row[5][:, 0] >= 0].round().astype(int):
                assert kind == 2
                assert row[0][:, top + 1 : bottom - 1, left + 1 : right - 1].min() > 0.3
                assert row[0].sum() == pytest.approx(
                    row[0][:, top - 1 if top else 0 :, :][:, : bottom - top + 2].sum(), rel=0.05
                )
                seen += 1
        assert seen > 15

    def test_labels_that_cannot_be_read_are_named(self, folder):
        (folder / "labels").mkdir()
        (folder / "labels" / "001.txt").write_text("0 0.5 0.5 0.1 0.1\nperson 0.5 0.5 0.1 0.1\n")
        (folder / "labels" / "002.txt").write_text("0 0.5 0.5 1.5 0.1\n")
        with pytest.raises(DataError, match=r"001.txt:2: expected class x y width height") as caught:
            find_pairs(folder)
        assert "002.txt:1" in str(caught.value)

    def test_unasked_nothing_is_repaired(self, pairs):
        for kind in ("clean", "unprompted"):
            for visible, thermal, words, visible_target, thermal_target in without_boxes(pairs, kind):
                assert not words.any()
                np.testing.assert_array_equal(visible, visible_target)
                np.testing.assert_array_equal(thermal, thermal_target)

    def test_what_is_named_is_repaired(self, pairs):
        for visible, thermal, words, visible_target, thermal_target in without_boxes(pairs, "compound"):
            named = {mode for mode, severity in zip(MODES, words, strict=True) if severity}
            if not named:  # no pair could teach these two
                continue
            assert len(named) == 2
            assert not np.array_equal(visible, visible_target)
            assert not np.array_equal(thermal, thermal_target)

    def test_only_the_named_one_of_two_is_repaired(self, pairs):
        for visible, thermal, words, visible_target, thermal_target in without_boxes(pairs, "partial"):
            if not words.any():
                continue
            named = MODES[int(words.argmax())]
            assert np.array_equal(thermal, thermal_target) != named.startswith("ir_")
            assert np.array_equal(visible, visible_target) == named.startswith("ir_")

    def test_a_wrong_prompt_changes_nothing(self, pairs):
        for visible, thermal, _, visible_target, thermal_target in without_boxes(pairs, "wrong"):
            np.testing.assert_array_equal(visible, visible_target)
            np.testing.assert_array_equal(thermal, thermal_target)

    def test_where_less_is_asked_than_is_there_the_rest_stays(self, pairs, monkeypatch):
        applied = []

        def record(visible, thermal, severities, rng):
            applied.append(dict(severities))
            return visible, thermal

        monkeypatch.setattr(synthesis, "apply", record)
        words = [row[2] for row in rows(pairs, "single", 60)]
        rests = 0
        for asked, left, there in zip(words, applied[::2], applied[1::2], strict=True):
            for mode, severity in there.items():
                if left[mode]:
                    assert left[mode] == pytest.approx(severity - asked[MODES.index(mode)], abs=1e-5)
                    rests += 1
        assert 0 < rests < 20

    def test_night_images_brighten_under_low_light(self, pairs):
        for visible, _, words, visible_target, _ in without_boxes(pairs, "night"):
            assert words[MODES.index("low_light")] > 0
            assert np.count_nonzero(words) == 1
            assert visible_target.mean() > visible.mean()

    def test_without_night_images_nothing_breaks(self, pairs):
        for visible, _, words, visible_target, _ in without_boxes(
            [pair for pair in pairs if not pair.night], "night", 3
        ):
            assert not words.any()
            np.testing.assert_array_equal(visible, visible_target)


def test_a_night_image_is_no_clean_target(pairs):
    night = next(pair for pair in pairs if pair.night)
    assert not any(night.teaches(mode) for mode in ("low_light", "haze", "color_cast", "visible_noise"))
    assert all(night.teaches(mode) for mode in ("ir_noise", "rain", "blur"))


def test_a_tinted_image_is_no_target_for_color_cast(tmp_path):
    tinted = Pair("x", tmp_path, tmp_path, mean=0.5, black=0.0, white=1.0, cast=1.8, thermal_contrast=0.2)
    assert not tinted.teaches("color_cast")
    assert tinted.teaches("haze")


def test_brighten_lifts_the_dark_and_spares_the_light():
    ramp = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], 64, 0).repeat(3, 2)
    lifted = brighten(ramp, 0.6)
    assert lifted[32, 8, 0] > 2 * ramp[32, 8, 0]
    assert lifted[32, 60, 0] == pytest.approx(ramp[32, 60, 0], abs=0.05)
    assert lifted.max() <= 1
