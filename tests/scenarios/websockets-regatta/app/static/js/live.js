new WebSocket("ws://" + location.host + "/live/" + document.title);
