"""The canary hunt: shows on a running service that pictures are not kept."""

from similis.audit._audit import audit_privacy
from similis.audit._hunter import Finding
from similis.audit._page import write_report
from similis.audit._report import Driven, PrivacyReport, Searched
from similis.audit._signing import acs3 as sign_call

__all__ = ["Driven", "Finding", "PrivacyReport", "Searched", "audit_privacy", "sign_call", "write_report"]
