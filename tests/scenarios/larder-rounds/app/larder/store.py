# SPDX-License-Identifier: Apache-2.0
"""The two places archives go to: the vault in the cellar, a store by HTTP."""
import shutil

import requests


class Store:
    def __init__(self, house):
        self.house = house
        self.session = requests.Session()
        self.session.headers["Authorization"] = "Bearer " + house.token

    def put_away(self, archive, inner, places):
        """inner: its path below the places. Returns the places that have
        it."""
        done = []
        if "vault" in places:
            target = self.house.vault / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(archive, target)
            done.append("vault")
        if "store" in places:
            with open(archive, "rb") as source:
                answer = self.session.put(self.url(inner), data=source,
                                          timeout=10)
            answer.raise_for_status()
            done.append("store")
        return done

    def url(self, inner):
        return f"{self.house.store}/{requests.utils.quote(inner)}"

    def fetch(self, inner, place, work):
        """A path where the archive lies."""
        if "vault" in place.split(","):
            path = self.house.vault / inner
            if path.exists():
                return path
        answer = self.session.get(self.url(inner), timeout=10)
        answer.raise_for_status()
        path = work / inner.rpartition("/")[2]
        path.write_bytes(answer.content)
        return path

    def drop(self, inner, place):
        if "vault" in place.split(","):
            path = self.house.vault / inner
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        if "store" in place.split(","):
            self.session.delete(self.url(inner), timeout=10)

    def tell(self, url, told):
        """A department's own hook of the web. What it answers is shown."""
        try:
            answer = self.session.post(url, json=told, timeout=5, headers={
                "Authorization": ""})
            return f"{answer.status_code} {answer.text[:300]}"
        except requests.RequestException as error:
            return f"no answer ({type(error).__name__})"
