from tests.outside import own_key_and_folder, simulator, simulator_process

__all__ = ["own_key_and_folder", "simulator", "simulator_process"]
