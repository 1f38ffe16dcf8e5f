import dep from './dep/index.js'

export const { answer } = dep
