<pre>{{name}}</pre>{{!body}}
