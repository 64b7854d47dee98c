"""Where an embedded account is kept: in memory, or in a folder that survives a kill at any moment."""

from diagnose.embedded.storage.folder import FolderStorage
from diagnose.embedded.storage.interface import Storage
from diagnose.embedded.storage.memory import MemoryStorage
from diagnose.embedded.storage.saved import read_saved

__all__ = ["FolderStorage", "MemoryStorage", "Storage", "read_saved"]
