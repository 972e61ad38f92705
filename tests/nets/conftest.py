import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tests train tiny nets: more threads only wait for each other."""
    torch.set_num_threads(1)
