# SPDX-License-Identifier: Apache-2.0
"""Makes the database: seed.py NAME..."""
import sys

from seedbank import models

models.Base.metadata.create_all(models.engine)
with models.Session() as session:
    session.add_all(models.Gardener(name=name, password=models.digest(
        name[::-1], name)) for name in sys.argv[1:])
    session.add_all(models.Accession(code=f"SB-2019-{number:04}", taxon=taxon)
                    for number, taxon in enumerate(
                        ["Poa annua", "Viola arvensis", "Malva sylvestris"]))
    session.commit()
