"""What each route of the REST interface does, in the words of the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from similis.domain import AuditAction

AUDIT_ACTIONS: Mapping[str, AuditAction] = {
    "add_picture": AuditAction.PICTURE_ADD,
    "cancel_task": AuditAction.TASK_CANCEL,
    "check_connection": AuditAction.CONNECTION_CHECK,
    "check_filter": AuditAction.FILTER_CHECK,
    "compare": AuditAction.PICTURE_COMPARE,
    "create_connection": AuditAction.CONNECTION_CREATE,
    "create_instance": AuditAction.INSTANCE_CREATE,
    "create_key": AuditAction.KEY_CREATE,
    "delete_connection": AuditAction.CONNECTION_DELETE,
    "delete_instance": AuditAction.INSTANCE_DELETE,
    "delete_pictures": AuditAction.PICTURE_DELETE,
    "disable_key": AuditAction.KEY_DISABLE,
    "download_errors": AuditAction.TASK_FAILURES,
    "download_export": AuditAction.EXPORT_READ,
    "download_failures": AuditAction.TASK_FAILURES,
    "erase_customer": AuditAction.CUSTOMER_ERASE,
    "export_customer": AuditAction.CUSTOMER_EXPORT,
    "list_audit_events": AuditAction.AUDIT_READ,
    "list_connections": AuditAction.CONNECTION_LIST,
    "list_duplicates": AuditAction.PICTURE_DUPLICATES,
    "list_exports": AuditAction.TASK_LIST,
    "list_imports": AuditAction.TASK_LIST,
    "list_instances": AuditAction.INSTANCE_LIST,
    "list_keys": AuditAction.KEY_LIST,
    "list_rekeys": AuditAction.TASK_LIST,
    "move_instance": AuditAction.INSTANCE_MOVE,
    "plan_erasure": AuditAction.CUSTOMER_SHOW,
    "rebuild_instance": AuditAction.INSTANCE_REBUILD,
    "search": AuditAction.PICTURE_SEARCH,
    "set_instance": AuditAction.INSTANCE_SET,
    "set_key": AuditAction.KEY_SET,
    "show_connection": AuditAction.CONNECTION_SHOW,
    "show_instance": AuditAction.INSTANCE_SHOW,
    "show_picture": AuditAction.PICTURE_SHOW,
    "show_task": AuditAction.TASK_SHOW,
    "show_tuning": AuditAction.TUNING_SHOW,
    "start_export": AuditAction.TASK_START,
    "start_import": AuditAction.TASK_START,
    "start_rekey": AuditAction.TASK_START,
    "tune_instance": AuditAction.TUNING_START,
    "undo_tuning": AuditAction.TUNING_UNDO,
    "update_picture": AuditAction.PICTURE_UPDATE,
}
"""By the name of the route's function; a test sees that all are here."""
