document.querySelector("nav").onclick = () => { location = "/"; };
