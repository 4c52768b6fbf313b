"""The hidden instance that a task fills, and that takes the live one's place at the end."""

from __future__ import annotations

from similis.catalogue import Catalogue, Claim
from similis.domain import Instance, Task
from similis.privacy import Keyring
from similis.service._new_keys import new_key


def shadow_of(catalogue: Catalogue, keyring: Keyring, task: Task, instance: Instance, claim: Claim) -> Instance:
    """The shadow that a task fills, made with a key of its own where there is none yet.

    Raises:
        TaskTaken: the claim was lost, or the task has ended.
        InstanceNotFound: the live instance was deleted meanwhile.
    """
    shadow = catalogue.shadows.of(task.id)
    if shadow is not None:
        return shadow
    with new_key(catalogue, keyring) as uid:
        return catalogue.shadows.create(claim, instance, uid)
