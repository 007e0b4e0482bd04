<title>{{name}}</title><body>{{!body}}</body>
