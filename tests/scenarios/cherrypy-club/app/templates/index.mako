<%inherit file="base.mako"/>
<%def name="title()">index</%def>
<h1>index</h1>
% for row in rows:
<p>${row|h}</p>
% endfor
