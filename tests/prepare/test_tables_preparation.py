import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder

from heldout.errors import DataError, SettingError
from heldout.prepare.categories import CategoryIndicators
from heldout.prepare.tables import table_preparation


def object_frame(**columns):
    return pd.DataFrame({k: pd.Series(v, dtype=object if k.startswith("c") else float) for k, v in columns.items()})


FRAME = object_frame(n1=[1, 2, np.nan, 5], n2=[np.nan] * 4, c1=["a", None, "b", "a"], c2=[None] * 4)


def test_missing_numbers_become_the_median_and_are_marked():
    out = table_preparation(FRAME[["n1"]], scale=False).fit_transform(FRAME)
    assert out.tolist() == [[1, 0], [2, 0], [2, 1], [5, 0]]


def test_a_column_that_is_all_missing_is_constant_and_does_no_harm():
    out = table_preparation(FRAME[["n2"]], scale=True).fit_transform(FRAME)
    assert np.isfinite(out).all()
    assert np.ptp(out, axis=0).max() == 0


def test_scaling_gives_mean_0_and_standard_deviation_1():
    frame = object_frame(n1=np.arange(9.0), n2=np.arange(9.0) ** 2)
    out = table_preparation(frame, scale=True).fit_transform(frame)
    assert np.allclose(out.mean(axis=0), 0)
    assert np.allclose(out.std(axis=0), 1)


def test_missing_is_a_category_of_its_own():
    out = table_preparation(FRAME[["c1"]], scale=True).fit_transform(FRAME)
    assert out.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert out.dtype == np.float64


@pytest.mark.parametrize("columns", [["n1"], ["c1"], ["n1", "c1"], ["n2", "c2"], ["c2"], ["n1", "n2", "c1", "c2"]])
@pytest.mark.parametrize("scale", [True, False])
def test_any_mixture_of_columns_works(columns, scale):
    out = table_preparation(FRAME[columns], scale=scale).fit_transform(FRAME[columns])
    assert out.dtype == np.float64
    assert np.isfinite(out).all()


def test_a_category_unseen_in_training_has_no_indicator():
    prepared = table_preparation(FRAME[["c1"]], scale=False).fit(FRAME)
    assert prepared.transform(object_frame(c1=["never"])).tolist() == [[0, 0, 0]]


def test_columns_are_found_by_name_in_any_order():
    prepared = table_preparation(FRAME, scale=True).fit(FRAME)
    assert np.array_equal(prepared.transform(FRAME), prepared.transform(FRAME[["c2", "n2", "c1", "n1"]]))


def test_none_nan_and_the_string_type_of_pandas_mean_the_same():
    fitted = CategoryIndicators().fit(FRAME[["c1"]])
    for column in (
        ["a", np.nan],
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", None], dtype="str"),
    ):
        assert fitted.transform(pd.DataFrame({"c1": column})).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_table_without_columns_is_refused():
    with pytest.raises(DataError, match="no columns"):
        table_preparation(pd.DataFrame(index=range(3)), scale=False)


def test_rare_categories_share_one_indicator_and_unseen_ones_join_them():
    frame = pd.DataFrame({"c": ["x", "x", "y", "y", "z", "w"]}, dtype=object)
    fitted = CategoryIndicators(max_categories=2).fit(frame)
    assert fitted.get_feature_names_out().tolist() == ["c=x", "c=y", "c is other"]
    assert fitted.transform(pd.DataFrame({"c": ["w", "new", "x"]}, dtype=object)).tolist() == [
        [0, 0, 1],
        [0, 0, 1],
        [1, 0, 0],
    ]
    with pytest.raises(SettingError, match="max_categories is 0"):
        CategoryIndicators(max_categories=0).fit(frame)


@settings(max_examples=60, deadline=None)
@given(
    seen=st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=30),
    later=st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=30),
)
def test_indicators_equal_those_of_scikit_learn(seen, later):
    train, new = pd.DataFrame({"c": seen}, dtype=object), pd.DataFrame({"c": later}, dtype=object)
    oracle = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(train)
    assert np.array_equal(CategoryIndicators().fit(train).transform(new), oracle.transform(new))


def test_a_shift_in_rows_that_are_not_trained_on_changes_nothing_fitted():
    train = object_frame(n1=[1, 2, 3, np.nan], c1=["a", "b", None, "a"])
    prepared = table_preparation(train, scale=True).fit(train)
    before = prepared.transform(train)
    prepared.transform(object_frame(n1=[1e9, np.nan], c1=["strange", None]))
    assert np.array_equal(before, prepared.transform(train))
