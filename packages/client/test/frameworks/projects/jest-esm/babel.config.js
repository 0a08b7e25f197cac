export default { presets: ["@babel/preset-typescript"] };
