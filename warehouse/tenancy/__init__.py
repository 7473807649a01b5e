"""Who may see which rows: database roles, and the scope each transaction runs in.

Services connect with roles that own nothing, so row-level security binds them. What a transaction may see follows from
its scope: who is asking, and for which organization. A scope is signed with a key that only services have and the
database can check, so that a statement smuggled into a query can't give itself another one. Without a scope there are
no rows but the public ones.
"""

from warehouse.tenancy.access import Access, access_of
from warehouse.tenancy.installation import FUNCTIONS, prepare_access
from warehouse.tenancy.power import RoleTooPowerful, refuse_power
from warehouse.tenancy.role import AccessNotPrepared, RoleRefused, RolesNotCreatable
from warehouse.tenancy.scope import NOBODY, PLATFORM, SETTING, Scope, ScopeSigner

__all__ = [
    "FUNCTIONS",
    "NOBODY",
    "PLATFORM",
    "SETTING",
    "Access",
    "AccessNotPrepared",
    "RoleRefused",
    "RoleTooPowerful",
    "RolesNotCreatable",
    "Scope",
    "ScopeSigner",
    "access_of",
    "prepare_access",
    "refuse_power",
]
