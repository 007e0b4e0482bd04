import os
from pysecmgr.security_manager import SecurityManager
manager = SecurityManager(enforce=True)
manager.InstallCommonPythonRules()
manager.AddFile('/etc/mime.types', 'r')  # a comment with 'quotes
manager.AddModuleAllowedToExec('dataclasses')
manager.AddModuleAllowedToExec('werkzeug.routing')
manager.AddPathRegex(f'^{os.getcwd()}/[^/]+\.txt$', 'r')
manager.AddPathRegex(r'^/srv/data/[^/]+\.txt$', 'rb')
manager.AddFolder('/var/lib/a*b/', 'rw')
manager.AddRelativeFile('x.txt', 'r')
manager.AddConnectionRegex('.*:443')
manager.AddProcessRegex(['nslookup', '.*\.google\.com'])
manager.AddProcessRegex(args=["/usr/bin/id", "-[nu]"],
    cwd="^/tmp$")
manager.AllowUnpickling()
manager.Activate()
