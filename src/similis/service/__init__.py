"""The use cases: one module per group of verbs, put together in `App` from `Settings`."""

from similis.algorithm import ModelStatus, ModelStore, Orientation, SubjectMode
from similis.service._access import Access
from similis.service._api import InstanceHandle, Similis, open_directory
from similis.service._app import App
from similis.service._audit_log import AuditLog, AuditMode
from similis.service._bulk import Bulk, Featured
from similis.service._check_machine import allow_files
from similis.service._decoding import Decoding
from similis.service._doctor import examine
from similis.service._dumps import forbid_dumps, wipe_freed_memory
from similis.service._figures import Figures, InstanceFigures
from similis.service._finding import Finding
from similis.service._importing import MakeExtractor
from similis.service._inputs import (
    PictureSource,
    RegionSource,
    as_category,
    as_on_duplicate,
    as_region,
    as_search_options,
    read_picture,
    require_one_way_to_delete,
)
from similis.service._instances import Instances
from similis.service._key_backup import back_up_keys, restore_keys
from similis.service._key_check import check_keys
from similis.service._models import model_store
from similis.service._opening import has_data, read_master, require_data
from similis.service._pictures import Pictures
from similis.service._ray import on_ray
from similis.service._search import Search
from similis.service._sessions import SESSION_LIFETIME, Session, Sessions
from similis.service._settings import LogForm, LogLevel, Settings
from similis.service._stored_found import undeclared
from similis.service._stored_page import stored_page
from similis.service._stored_places import stored_places
from similis.transfer import Outbound, OutboundAnswer, OutboundRequest

__all__ = [
    "SESSION_LIFETIME",
    "Access",
    "App",
    "AuditLog",
    "AuditMode",
    "Bulk",
    "Decoding",
    "Featured",
    "Figures",
    "Finding",
    "InstanceFigures",
    "InstanceHandle",
    "Instances",
    "LogForm",
    "LogLevel",
    "MakeExtractor",
    "ModelStatus",
    "ModelStore",
    "Orientation",
    "Outbound",
    "OutboundAnswer",
    "OutboundRequest",
    "PictureSource",
    "Pictures",
    "RegionSource",
    "Search",
    "Session",
    "Sessions",
    "Settings",
    "Similis",
    "SubjectMode",
    "allow_files",
    "as_category",
    "as_on_duplicate",
    "as_region",
    "as_search_options",
    "back_up_keys",
    "check_keys",
    "examine",
    "forbid_dumps",
    "has_data",
    "model_store",
    "on_ray",
    "open_directory",
    "read_master",
    "read_picture",
    "require_data",
    "require_one_way_to_delete",
    "restore_keys",
    "stored_page",
    "stored_places",
    "undeclared",
    "wipe_freed_memory",
]
