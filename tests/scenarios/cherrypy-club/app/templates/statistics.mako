<%inherit file="base.mako"/>
<%def name="title()">statistics</%def>
<h1>statistics</h1>
% for row in rows:
<p>${row|h}</p>
% endfor
